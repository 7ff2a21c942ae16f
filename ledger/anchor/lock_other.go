//go:build !unix

package anchor

import "os"

// Where files cannot be locked so, one process runs on a folder.
func lock(*os.File) error   { return nil }
func unlock(*os.File) error { return nil }
