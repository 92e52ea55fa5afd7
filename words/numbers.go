package words

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"evviz/timeline"
)

// Number writes n with separators for thousands: 1,048,576.
func Number(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Count writes "1 read", "2 reads". Give the plural where an s does not make it.
func Count(n int64, one string, many ...string) string {
	switch {
	case n == 1:
		return "1 " + one
	case len(many) > 0:
		return Number(n) + " " + many[0]
	}
	return Number(n) + " " + one + "s"
}

// Rate writes how often something happens, to two or three figures: 0.4, 41, 2.1k, 310k, 1.2M.
func Rate(perSecond float64) string {
	switch {
	case perSecond < 9.95:
		return strings.TrimSuffix(strconv.FormatFloat(perSecond, 'f', 1, 64), ".0")
	case perSecond < 999.5:
		return strconv.FormatFloat(perSecond, 'f', 0, 64)
	case perSecond < 99_950:
		return strconv.FormatFloat(perSecond/1e3, 'f', 1, 64) + "k"
	case perSecond < 999_500:
		return strconv.FormatFloat(perSecond/1e3, 'f', 0, 64) + "k"
	}
	return strconv.FormatFloat(perSecond/1e6, 'f', 1, 64) + "M"
}

// Times writes "once", "twice", "3 times".
func Times(n int64) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return Number(n) + " times"
}

// Bytes writes an amount of data: whole KiB as such (64 KiB), other amounts exactly up to 10 KiB (1,500 bytes), and with one
// decimal from there on (63.5 KiB).
func Bytes(n int64) string {
	if n < 1024 || n < 10*1024 && n%1024 != 0 {
		return Count(n, "byte")
	}
	f := float64(n)
	for _, unit := range []string{"KiB", "MiB", "GiB"} {
		if f /= 1024; f < 1023.95 {
			return tenths(f) + " " + unit
		}
	}
	return tenths(f/1024) + " TiB"
}

// share is a part of an amount: 8 of 10 bytes, 10 bytes of 4 KiB.
func share(part, whole int64) string {
	p, w := Bytes(part), Bytes(whole)
	n, unit, _ := strings.Cut(p, " ")
	if strings.HasSuffix(w, " "+unit) {
		p = n
	}
	return p + " of " + w
}

// tenths keeps one decimal unless it is 0.
func tenths(f float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0")
}

// Duration writes ns the way a person says it: two or three figures and a unit.
func Duration(ns int64) string {
	if ns < 0 {
		return "-" + Duration(-max(ns, -math.MaxInt64)) // the smallest number has no opposite
	}
	d := time.Duration(ns)
	switch {
	case d < time.Microsecond:
		return strconv.FormatInt(ns, 10) + " ns"
	case d < time.Millisecond:
		return figures(float64(ns)/1e3, "µs", "1.0 ms")
	case d < time.Second:
		return figures(float64(ns)/1e6, "ms", "1.0 s")
	case d < time.Minute:
		return figures(float64(ns)/1e9, "s", "1,000 s")
	case d < time.Hour:
		return parts(int64(d/time.Minute), "min", int64(d%time.Minute/time.Second), "s")
	}
	return parts(int64(d/time.Hour), "h", int64(d%time.Hour/time.Minute), "min")
}

// figures keeps one decimal below 10. next is what a value that rounds up to 1,000 is called.
func figures(v float64, unit, next string) string {
	if v < 9.95 {
		return strconv.FormatFloat(v, 'f', 1, 64) + " " + unit
	}
	if v >= 999.5 {
		return next
	}
	return strconv.FormatFloat(v, 'f', 0, 64) + " " + unit
}

func parts(a int64, ua string, b int64, ub string) string {
	s := Number(a) + " " + ua
	if b > 0 {
		s += " " + strconv.FormatInt(b, 10) + " " + ub
	}
	return s
}

// AtLeastPercent is a share that is a lower bound: ">51 %", rounded down so that it stays one.
func AtLeastPercent(share float64) string { return fmt.Sprintf(">%d %%", int(share*100)) }

// Percent writes a share of 1: 30 %, 0.4 %, <0.1 %.
func Percent(share float64) string {
	p := share * 100
	switch {
	case p == 0 || p >= 9.95:
		return strconv.FormatFloat(p, 'f', 0, 64) + " %"
	case p < 0.1:
		return "<0.1 %"
	}
	return strconv.FormatFloat(p, 'f', 1, 64) + " %"
}

// fd names a descriptor: fd 7.
func FD(n int32) string { return "fd " + strconv.Itoa(int(n)) }

// AtLeast is a duration that may be a lower bound.
func AtLeast(ns int64, least bool) string {
	if least {
		return "≥ " + Duration(ns)
	}
	return Duration(ns)
}

// Unfinished says what so many delays of a measure that had not ended are.
func Unfinished(m timeline.Measure, n int64) string {
	what := "still unread"
	if m == timeline.MeasureServed {
		what = "unread" // or it never was read: its connection was closed
	}
	switch m {
	case timeline.MeasureDelivered:
		what = "not reported yet"
	case timeline.MeasureAnswered:
		what = "not answered yet"
	case timeline.MeasureGap:
		what = "not over yet"
	}
	return Number(n) + " " + what
}
