package record

import "os"

// links is how many names a file has: what can be known of it without another call is that it has one.
func links(os.FileInfo) uint64 { return 1 }
