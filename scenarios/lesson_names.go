package scenarios

import (
	"fmt"
	"slices"
	"strings"
)

// NumberOf is a lesson's number as people write it, without the zero before: 9b.
func NumberOf(name string) string {
	number, _, _ := strings.Cut(name, "-")
	return strings.TrimLeft(number, "0")
}

// Parts are the numbers of the lessons that a number without a letter stands for where it has several: 9a to 9d for 9. None for any other name.
func Parts(name string) (out []string) {
	want := strings.TrimLeft(name, "0")
	if want == "" || strings.Trim(want, "0123456789") != "" {
		return nil
	}
	for _, n := range NamesOf(Lessons) {
		number := NumberOf(n)
		if number != want && strings.TrimRight(number, "abcdefghijklmnopqrstuvwxyz") == want {
			out = append(out, number)
		}
	}
	return out
}

// Lesson is the full name of the lesson that a number, a name or both mean. The error wraps ErrUnknown, and says which there are.
func Lesson(name string) (string, error) {
	if g, full, ok := find(name); ok && g == Lessons {
		return full, nil
	}
	if list := Parts(name); len(list) > 0 {
		return "", fmt.Errorf("%w: lesson %s has parts: choose one of %s", ErrUnknown, name, strings.Join(list, ", "))
	}
	var numbers, names []string
	for _, n := range NamesOf(Lessons) {
		_, rest, _ := strings.Cut(n, "-")
		numbers, names = append(numbers, NumberOf(n)), append(names, rest)
	}
	text := fmt.Sprintf("there is no lesson %q", name)
	if near := nearestNumber(name, numbers); len(near) > 0 {
		return "", fmt.Errorf("%w: %s; near it: %s; evviz scenarios lists them", ErrUnknown, text, strings.Join(near, " and "))
	}
	return "", fmt.Errorf("%w: %s%s; evviz scenarios lists them", ErrUnknown, text, hint(name, names))
}

// nearestNumber are the numbers before and after one that no lesson has; none for what does not begin with a digit.
func nearestNumber(name string, numbers []string) (out []string) {
	n, letters := split(name)
	if n < 0 {
		return nil
	}
	at, _ := slices.BinarySearchFunc(numbers, name, func(x, _ string) int {
		k, l := split(x)
		if k != n {
			return k - n
		}
		return strings.Compare(l, letters)
	})
	if at > 0 {
		out = append(out, numbers[at-1])
	}
	if at < len(numbers) {
		out = append(out, numbers[at])
	}
	return out
}

// split is a lesson's number in its parts; -1 when it does not begin with one.
func split(number string) (n int, letters string) {
	letters = strings.TrimLeft(number, "0123456789")
	digits := number[:len(number)-len(letters)]
	if digits == "" || len(digits) > 6 {
		return -1, letters
	}
	for _, r := range digits {
		n = n*10 + int(r-'0')
	}
	return n, letters
}
