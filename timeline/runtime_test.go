package timeline

import "testing"

// TestRuntimeOf: names that only one runtime gives, and names that say nothing.
func TestRuntimeOf(t *testing.T) {
	for _, c := range []struct {
		names []string
		is    Runtime
	}{
		{[]string{"/usr/bin/node", "node", "/usr/lib/x86_64-linux-gnu/libuv.so.1.0.0"}, RuntimeNode},
		{[]string{"/opt/node-v20/bin/nodejs"}, RuntimeNode},
		{[]string{"/usr/bin/python3.11", "python3", "/usr/lib/python3.11/lib-dynload/_asyncio.cpython-311-x86_64-linux-gnu.so"}, RuntimeAsyncio},
		{[]string{"/usr/bin/python3", "/usr/lib/libevent-2.1.so.7"}, RuntimeLibevent},
		{[]string{"python"}, RuntimePython},
		{[]string{"/usr/bin/pythonista"}, RuntimeUnknown},
		{[]string{"/usr/bin/ruby3.1", "/var/lib/gems/3.1.0/extensions/x86_64-linux/3.1.0/eventmachine-1.2.7/rubyeventmachine.so"}, RuntimeEventMachine},
		{[]string{"nioEventLoopGro", "java"}, RuntimeNetty},
		{[]string{"tokio-runtime-w"}, RuntimeTokio},
		{[]string{"/usr/sbin/nginx", "nginx", "/usr/lib/libssl.so.3"}, RuntimeUnknown},
		{nil, RuntimeUnknown},
	} {
		if is := RuntimeOf(c.names...); is != c.is {
			t.Errorf("%q: %v, want %v", c.names, is, c.is)
		}
	}
}
