#!/bin/sh
# Installs the packages that are named, or else all that `make negatives` needs, where apt-get is there and may. What cannot be had is named here, and what needs it
# stands in the table as missing.
packages="${*:-strace wrk nginx-light redis-server nodejs python3 python3-tornado memcached haproxy lighttpd ruby ruby-eventmachine
gcc libc6-dev libevent-dev libuv1-dev libev-dev}"
has() {
	case $1 in
	nodejs) command -v node >/dev/null ;;
	strace | wrk | gcc | python3) command -v "$1" >/dev/null ;;
	*) dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed' ;;
	esac
}
wanted=
for p in $packages; do has "$p" || wanted="$wanted $p"; done
[ -z "$wanted" ] && exit 0
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
	echo "not installed, and this is no root shell with apt-get:$wanted" >&2
	exit 0
fi
# The packages' own services are not to be started: each server runs under the harness, on a port of its own.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
	trap 'rm -f $policy' EXIT
fi
apt-get update -qq
for p in $wanted; do
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$p" >/dev/null 2>&1 || echo "could not be installed: $p" >&2
done
