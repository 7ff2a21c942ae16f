package web

import (
	"encoding/csv"
	"iter"
	"net/http"
	"strings"
)

// CSV sends a table as a file that spreadsheets open: RFC 4180, UTF-8 with a byte order
// mark (without it Excel reads UTF-8 as Latin-1), streamed row by row. The name is the
// file's, without a path and without anything that identifies a patient.
//
// A cell that begins with =, +, -, @, tab or carriage return would be run as a formula
// by a spreadsheet (CWE-1236), so it is given a leading apostrophe; a plain number keeps
// its sign.
func CSV(w http.ResponseWriter, name string, header []string, rows iter.Seq[[]string]) error {
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	h.Set("Content-Disposition", Attachment(name))
	if _, err := w.Write([]byte("\ufeff")); err != nil {
		return nil // the connection broke; there is nobody to tell
	}
	c := csv.NewWriter(w)
	c.UseCRLF = true
	write := func(cells []string) bool {
		safe := make([]string, len(cells))
		for i, s := range cells {
			safe[i] = harmless(s)
		}
		return c.Write(safe) == nil
	}
	if !write(header) {
		return nil
	}
	for row := range rows {
		if !write(row) {
			return nil
		}
	}
	c.Flush()
	return nil
}

// Attachment returns the Content-Disposition that saves a response under name. All but
// letters, digits, dots, dashes and underscores become dashes, so that nothing escapes
// the header or the folder.
func Attachment(name string) string {
	safe := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '.', r == '-', r == '_':
			return r
		}
		return '-'
	}, name)
	return `attachment; filename="` + strings.TrimLeft(safe, ".") + `"`
}

func harmless(s string) string {
	if s == "" || !strings.ContainsRune("=+-@\t\r", rune(s[0])) || isNumber(s) {
		return s
	}
	return "'" + s
}

// isNumber reports whether s is a signed decimal number and nothing else.
func isNumber(s string) bool {
	whole, frac, dot := strings.Cut(strings.TrimLeft(s[:1], "+-")+s[1:], ".")
	digits := func(s string) bool {
		return s != "" && strings.Trim(s, "0123456789") == ""
	}
	return digits(whole) && (!dot || digits(frac))
}
