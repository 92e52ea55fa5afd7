#!/bin/sh
# Makes the Go files and objects of the programs: sh generate.sh [FOLDER]. Without a folder, in place. The same compiler makes the same
# bytes, so it is named to its last number; `make kernel-check` compares. With -have it only says whether the compiler is there.
set -eu
cd "$(dirname "$0")"
out=${1:-.}
want=14.0.6
for tool in clang-14 llvm-strip-14; do
	command -v $tool >/dev/null || {
		echo "$tool is not installed: apt-get install clang-14 llvm-14 (as root)" >&2
		exit 2
	}
done
case $(clang-14 --version) in
*" $want"*) ;;
*)
	echo "clang-14 is $(clang-14 --version | head -n 1), and the objects are made by $want: others make other bytes" >&2
	exit 2
	;;
esac
[ "$out" = -have ] && exit 0
# -mcpu=v3: clang 14 makes code of v1 and v2 that the verifier refuses.
GOPACKAGE=kernel go tool bpf2go -cc clang-14 -strip llvm-strip-14 -target amd64,arm64 -tags linux -output-dir "$out" -no-global-types \
	-type file_record -type socket_record -type reg_record -type thread_record -type pass \
	state state.bpf.c -- -O2 -Wall -Werror -mcpu=v3 -nostdinc >/dev/null
GOPACKAGE=kernel go tool bpf2go -cc clang-14 -strip llvm-strip-14 -target amd64,arm64 -tags linux -output-dir "$out" -no-global-types \
	-type counts \
	calls calls.bpf.c -- -O2 -Wall -Werror -mcpu=v3 -nostdinc >/dev/null
