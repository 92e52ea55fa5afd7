package probe

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// What stands between the lines of a paste: marks that say that some were left out, fences and prose between two blocks, and which
// process the next lines are about. What the program did meanwhile was not seen, and a Lost says so in every thread.

// gapMarks is what has stood between the last line of strace and the next one.
type gapMarks struct {
	begun   bool // there was a line of strace before
	hole    bool // lines were left out
	fence   bool
	blank   bool
	prose   bool
	process int // strace has attached to it; 0 to none
}

// clear empties what stands between, once a line of strace has come.
func (b *gapMarks) clear() { *b = gapMarks{begun: true} }

// aside takes a line that is none of strace's own calls.
func (b *gapMarks) aside(raw []byte) {
	s := bytes.TrimSpace(raw)
	switch {
	case len(s) == 0:
		b.blank = true
		return
	case pagerMark(s):
		return // it goes on where it was
	}
	bare := unwrap(s)
	if len(bare) == 0 {
		b.blank = true
		b.hole = b.hole || separates(s)
		return
	}
	if pid, ok := attachedTo(bare); ok {
		b.process = pid
		return
	}
	switch {
	case fence(bare), fence(s), tagsOnly(bare), bareMarker(bare):
		b.fence = true
	case leftOut(s):
		b.hole = true
	case b.blank:
		b.prose = true
	}
}

// parts says whether the program went on unseen between two lines that are gap ns apart, -1 where that is not known.
func (b *gapMarks) parts(gap int64) bool {
	return b.begun && (b.hole || b.fence || b.prose || b.blank && gap > blankGap)
}

// blankGap is from how far apart two lines with an empty one between them are two blocks: strace prints none, but a program's own
// output may stand there.
const blankGap = 100e6

// leftOut says whether a line stands for others: "[...]", "<snip>", "--- 8< ---", "[ 300 lines omitted ]".
func leftOut(s []byte) bool { return leftOutMark(s) || leftOutMark(undressed(s)) }

// undressed takes off what a page, a string, a patch or a program that runs others puts around every line, and so around a mark.
func undressed(s []byte) []byte {
	if len(s) > 120 {
		return nil
	}
	if i := bytes.Index(s, []byte("| ")); i >= 0 && i <= 40 {
		s = s[i+2:]
	}
	s = bytes.Trim(s, " \t\r\"',;+")
	var out []byte
	for i := 0; i < len(s); {
		if s[i] == '<' {
			if end, _, _ := tagAt(s, i); end > 0 {
				i = end
				continue
			}
		}
		out = append(out, s[i])
		i++
	}
	return out
}

func leftOutMark(s []byte) bool {
	if len(s) == 0 || len(s) > 80 || !utf8.Valid(s) {
		return false
	}
	if separates(s) || patchHead(s) {
		return true
	}
	text := string(s)
	core := strings.ToLower(strings.Trim(text, "[](){}<>.*-=_~#/|: \t\u2026\u22ee8"))
	if core == "" {
		return strings.Contains(text, "..") || strings.ContainsAny(text, "\u2026\u22ee") || strings.Contains(text, "8<") ||
			strings.Contains(text, ". .") || text == "." || text == ":"
	}
	marked := strings.ContainsAny(text[:1], "[(<.-*=~{#") || strings.HasPrefix(text, "\u2026")
	switch core {
	case "snip", "snipped", "cut", "skipped", "truncated", "omitted", "lots more", "many more", "more", "more lines", "etc", "and so on", "repeats", "same", "same again", "lines omitted", "output omitted":
		return marked || core == "snip" || core == "etc" || core == "and so on"
	}
	for _, word := range []string{"omitted", "snipped", "truncated", "skipped", "removed", "left out", "more lines", "cut", "repeated", "repeats"} {
		if marked && strings.HasSuffix(core, word) {
			return true
		}
	}
	return false
}

// separates says whether a line is a rule between two parts: "---", "====", the "--" of grep.
func separates(s []byte) bool {
	if len(s) < 2 {
		return false
	}
	for _, c := range s {
		if c != s[0] || c != '-' && c != '=' && c != '*' && c != '_' {
			return false
		}
	}
	return true
}

// attachedTo reads which process lines without a number are about from here on: of "strace: Process 4711 attached" and of a command line
// with a single -p.
func attachedTo(s []byte) (pid int, ok bool) {
	s = bytes.TrimLeft(s, "$#% *`")
	if rest := bytes.TrimPrefix(s, txtStrace); bytes.HasPrefix(rest, txtProcess) {
		word, rest, _ := bytes.Cut(rest[len(txtProcess):], []byte(" "))
		tid, _ := threadOf(append([]byte("0"), word...))
		return tid, tid != 0 && bytes.HasPrefix(rest, txtAttached[1:])
	}
	words := straceArgs(s)
	for i := range words {
		w := words[i]
		var num []byte
		switch {
		case string(w) == "-p" || string(w) == "--attach":
			if i+1 < len(words) {
				num = words[i+1]
			}
		case bytes.HasPrefix(w, []byte("-")) && len(w) > 2 && w[1] != '-' && w[len(w)-1] == 'p' && i+1 < len(words): // -fp 4711
			num = words[i+1]
		case bytes.HasPrefix(w, []byte("-p")):
			num = w[2:]
		case bytes.HasPrefix(w, []byte("--attach=")):
			num = w[9:]
		default:
			continue
		}
		tid, _ := threadOf(append([]byte("0"), bytes.Trim(num, "*`")...))
		if tid == 0 || ok {
			return 0, false // none, or several
		}
		pid, ok = tid, true
	}
	return pid, ok
}

// commandLine says whether a line is that of a shell that ran strace: it is no line of strace, and no loss either.
func commandLine(s []byte) bool {
	words := straceArgs(bytes.TrimLeft(unwrap(s), "$#% *`"))
	return len(words) > 0 && words[0][0] == '-'
}

// straceArgs are the words behind strace in a command that begins with it, with sudo or the like before it; nil where there is none.
func straceArgs(s []byte) [][]byte {
	if !bytes.Contains(s, txtStraceName) {
		return nil
	}
	words := bytes.Fields(s)
	for i, w := range words[:min(len(words), 5)] {
		if bytes.Equal(w, txtStraceName) || bytes.HasSuffix(w, []byte("/strace")) {
			return words[i+1:]
		}
	}
	return nil
}

var txtStraceName = []byte("strace")

// parted tells, before a line of strace at the moment at, what the lines before it mean.
func (r *straceReader) parted(n *input, l *line, at int64) {
	b := &n.gap
	if !b.begun && b.process == 0 {
		b.clear()
		return
	}
	pid := b.process
	if l.tid != 0 || n.alone != 0 || r.cloning() != nil || r.cut != nil || pid != 0 && r.tracees[pid] != nil && r.tracees[pid].pid != pid {
		pid = 0 // the line's own number says it; or the new one is a thread of those that are known
	}
	hole := b.parts(at - n.lineAt)
	if pid != 0 && (r.root == nil || r.root.tid != pid) {
		r.turnTo(pid, at)
		if hole {
			r.lose(min(n.lineAt+1, at), pid)
		}
	} else if hole {
		r.lose(min(n.lineAt+1, at), 0)
	}
	b.clear()
}

// turnTo makes a process the one that lines without a number are about.
func (r *straceReader) turnTo(pid int, at int64) {
	t := r.tracees[pid]
	if t == nil {
		if !r.room() {
			return
		}
		t = &tracee{tid: pid, pid: pid, files: pid, at: at}
		r.tracees[pid] = t
	}
	r.root, r.recent = t, nil
}

// lose tells that the program went on unseen, in every thread, or in those of one process.
func (r *straceReader) lose(at int64, pid int) {
	r.losing = true
	for _, t := range r.inOrder() {
		if pid != 0 && t.pid != pid || t.gone {
			continue
		}
		r.release(t, at)
		if t.open {
			r.tellOpen(t)
			t.join(r, "", nil)
		}
		r.em.Hole(t.tid, at)
	}
	r.forks, r.cut, r.losing = nil, nil, false
	clear(r.given)
}

// leavesOut says whether strace's command line names the calls that it is to print.
func leavesOut(s []byte) bool {
	words := bytes.Fields(s)
	for i, w := range words {
		set, ok := bytes.CutPrefix(w, []byte("--trace="))
		if !ok {
			if set, ok = bytes.CutPrefix(w, []byte("-e")); !ok {
				continue
			}
			if len(set) == 0 && i+1 < len(words) {
				set = words[i+1]
			}
			set = bytes.TrimPrefix(set, []byte("trace="))
		}
		set = bytes.Trim(set, "'\"")
		name, _, other := bytes.Cut(set, []byte("="))
		if other && len(name) > 0 || string(set) == "all" || len(set) == 0 || set[0] == '-' {
			continue // -e signal=none, -e read=3
		}
		return true
	}
	return false
}

// manyThreads is from how many threads on a text without one futex is one that was filtered: threads that have nothing to say to each
// other are rare.
const manyThreads = 3
