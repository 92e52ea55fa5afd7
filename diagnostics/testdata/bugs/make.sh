# Read by ../make.sh: rebuilds the bugs and records each. A name with a bar behind it has a client.
rebuilt="pikiwidb251| crystal14814 davici4| cups4605| bun32705| libuv690| gunicorn792| puma3934| libuv1100| rethinkdb90
pjproject2604| pjproject2747| libevent636 libuv5130 evloopfork|"
cp "$here"/bugs/src/*.py .
for n in $rebuilt; do
	name=${n%|}
	case " ${*:-$name} " in *" $name "*) ;; *) continue ;; esac
	rm -f demo.sock
	trace "$name" python3 -S -E "$name.py"
	if [ "$name" != "$n" ]; then
		[ "$name" = cups4605 ] || up 8410
		timeout 10 python3 -S -E "$name.py" client || :
	fi
	keep "$name" bugs
done
