package record

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"evviz/trace"
)

// docs/file-format.md names every number of the format, so a change of one has to touch the page.
func TestFormatDoc(t *testing.T) {
	b, err := os.ReadFile("../docs/file-format.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	for _, want := range []string{
		fmt.Sprintf("This page describes version %d", trace.FileVersion),
		fmt.Sprintf("% x", fileMagic), fmt.Sprintf("% x", chunkMarker), fmt.Sprintf("% x", indexMarker), fmt.Sprintf("% x", trailerMarker),
		fmt.Sprintf("%d events", chunkEvents), fmt.Sprintf("%d bytes", chunkHeaderSize), fmt.Sprintf("%d keys", ctxSize),
		fmt.Sprintf("times %d", ctxSpread), fmt.Sprintf("at most %d events", maxBlock), fmt.Sprintf("the last %d bytes", trailerSize),
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}
