package commit

// Bare has w write the same rows and leave out the evidence: tags, leaves, tiles and root.
func Bare(w *Writer) { w.bare = true }
