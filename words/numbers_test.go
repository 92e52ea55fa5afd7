package words

import "testing"

func TestWords(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Number(0), "0"}, {Number(999), "999"}, {Number(1000), "1,000"}, {Number(-1234567), "-1,234,567"},
		{Count(1, "read"), "1 read"}, {Count(0, "read"), "0 reads"}, {Count(2000, "read"), "2,000 reads"}, {Count(3, "try", "tries"), "3 tries"},
		{Times(1), "once"}, {Times(2), "twice"}, {Times(64), "64 times"},
		{Bytes(1), "1 byte"}, {Bytes(1023), "1,023 bytes"}, {Bytes(1024), "1 KiB"}, {Bytes(1500), "1,500 bytes"}, {Bytes(4096), "4 KiB"}, {Bytes(65000), "63.5 KiB"}, {Bytes(10239), "10,239 bytes"}, {Bytes(10240), "10 KiB"},
		{Bytes(64512), "63 KiB"}, {Bytes(1<<20 - 1), "1 MiB"}, {Bytes(5 << 30), "5 GiB"}, {Bytes(3 << 40), "3 TiB"},
		{Duration(0), "0 ns"}, {Duration(340), "340 ns"}, {Duration(1200), "1.2 µs"}, {Duration(12_300), "12 µs"}, {Duration(999_600), "1.0 ms"},
		{Duration(180_000_000), "180 ms"}, {Duration(9_960_000), "10 ms"}, {Duration(4_200_000_000), "4.2 s"}, {Duration(42_000_000_000), "42 s"},
		{Duration(200_000_000_000), "3 min 20 s"}, {Duration(7_500_000_000_000), "2 h 5 min"}, {Duration(-1500), "-1.5 µs"},
		{Percent(0.3), "30 %"}, {Percent(0.004), "0.4 %"}, {Percent(0.0001), "<0.1 %"}, {Percent(0), "0 %"}, {Percent(1), "100 %"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
