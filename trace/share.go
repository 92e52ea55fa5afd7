package trace

import (
	"fmt"
	"strconv"
	"strings"
)

// Share is how many of so many.
type Share struct{ N, Of int64 }

// enough is the part of a text's call lines, of 100, below which too little was understood to say that there is nothing in it.
const enough = 80

// Enough reports whether so much of a text was understood that what is not found in it can be taken not to be there. A source that is not
// made from text says nothing wrongly.
func (s Share) Enough() bool { return s.Of == 0 || s.N*100 >= s.Of*enough }

// String is the form of a recording's header: "31 90".
func (s Share) String() string { return fmt.Sprintf("%d %d", s.N, s.Of) }

// ParseShare reads what String wrote. Numbers that contradict each other are refused.
func ParseShare(text string) (s Share, err error) {
	n, of, _ := strings.Cut(text, " ")
	if s.N, err = strconv.ParseInt(n, 10, 64); err == nil {
		s.Of, err = strconv.ParseInt(of, 10, 64)
	}
	if err == nil && (s.N < 0 || s.N > s.Of) {
		err = fmt.Errorf("share %q: want two numbers, the first not above the second", text)
	}
	if err != nil {
		return Share{}, err
	}
	return s, nil
}
