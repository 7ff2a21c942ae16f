package web

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"chaperone.example/internal/fault"
)

// A Form is what a person entered, and what is wrong with it. The reading methods gather
// problems instead of failing at the first, so that the page can show them all at once,
// beside the fields and in the [ErrorSummary]. A nil *Form is one that nobody has filled in
// yet; it can be shown and asked, but not told.
type Form struct {
	values   url.Values
	problems []Problem
}

// A Problem is what is wrong with a field, in a sentence that says what to do. Without a
// Name it concerns the form as a whole.
type Problem struct {
	Name string // the field's name; the summary links to its id
	Text string
}

// Bounds of a form besides its size in bytes.
const (
	maxFields = 2000 // values
	maxName   = 200  // bytes in a field's name
)

// ReadForm reads the fields of a posted form (application/x-www-form-urlencoded, or
// multipart/form-data without files) of at most max bytes. On GET and HEAD it reads the
// query. Text that is not UTF-8 or holds control characters is refused.
func ReadForm(r *http.Request, max int64) (*Form, error) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		v, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return nil, malformed
		}
		return newForm(v)
	}
	if r.ContentLength > max {
		return nil, &http.MaxBytesError{Limit: max}
	}
	AllowBody(r, max)
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, malformed
	}
	switch kind {
	case "application/x-www-form-urlencoded":
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		v, err := url.ParseQuery(string(b))
		if err != nil {
			return nil, malformed
		}
		return newForm(v)
	case "multipart/form-data":
		v := url.Values{}
		m := multipart.NewReader(r.Body, params["boundary"])
		for {
			part, err := m.NextPart()
			if errors.Is(err, io.EOF) {
				return newForm(v)
			}
			if err != nil {
				return nil, partError(err)
			}
			if err := addPart(v, part); err != nil {
				return nil, err
			}
		}
	}
	return nil, malformed
}

var malformed = fault.New(fault.Invalid, "The form could not be read. Go back, reload the page and send it again.")

// partError keeps what is too large and calls the rest malformed.
func partError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return malformed
}

func addPart(v url.Values, part *multipart.Part) error {
	if part.FileName() != "" {
		return fault.New(fault.Invalid, "This form takes no file.")
	}
	b, err := io.ReadAll(part)
	if err != nil {
		return partError(err)
	}
	if len(v) >= maxFields {
		return malformed
	}
	v.Add(part.FormName(), string(b))
	return nil
}

func newForm(v url.Values) (*Form, error) {
	n := 0
	for name, values := range v {
		n += len(values)
		if n > maxFields || len(name) > maxName {
			return nil, malformed
		}
		for i, s := range values {
			s = strings.ReplaceAll(s, "\r\n", "\n")
			if !utf8.ValidString(s) || strings.ContainsFunc(s, func(c rune) bool { return c < ' ' && c != '\n' && c != '\t' || c == 0x7f }) {
				return nil, fault.New(fault.Invalid, "The form holds characters that are not text. Type the entry again instead of pasting it.")
			}
			values[i] = strings.TrimSpace(s)
		}
	}
	return &Form{values: v}, nil
}

// Has reports whether the form came with the field.
func (f *Form) Has(name string) bool { return f != nil && f.values.Has(name) }

// Text returns the first value of the field, trimmed of space.
func (f *Form) Text(name string) string {
	if f == nil {
		return ""
	}
	return f.values.Get(name)
}

// All returns every value of the field, trimmed, in the order sent.
func (f *Form) All(name string) []string {
	if f == nil {
		return nil
	}
	return slices.Clone(f.values[name])
}

// Need returns the text of the field and records missing as its problem if it is empty.
func (f *Form) Need(name, missing string) string {
	s := f.Text(name)
	if s == "" {
		f.Wrong(name, missing)
	}
	return s
}

// NeedAny returns the values of the field and records missing if there is none.
func (f *Form) NeedAny(name, missing string) []string {
	var chosen []string
	for _, s := range f.All(name) {
		if s != "" {
			chosen = append(chosen, s)
		}
	}
	if len(chosen) == 0 {
		f.Wrong(name, missing)
	}
	return chosen
}

// Date returns the field as a day at midnight UTC. It records a problem, and returns the
// zero time, unless the field is a date of the form 2026-11-24, or empty and optional.
func (f *Form) Date(name string, optional bool) time.Time {
	s := f.Text(name)
	if s == "" && optional {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1850 {
		f.Wrong(name, "Enter a date as year-month-day, such as 2026-11-24.")
		return time.Time{}
	}
	return t
}

// Int returns the field as a whole number from lo to hi, and records a problem otherwise.
func (f *Form) Int(name string, lo, hi int) int {
	n, err := strconv.Atoi(f.Text(name))
	if err != nil || n < lo || n > hi {
		f.Wrong(name, "Enter a whole number from "+strconv.Itoa(lo)+" to "+strconv.Itoa(hi)+".")
		return 0
	}
	return n
}

// Check reports whether the checkbox of that name was ticked.
func (f *Form) Check(name string) bool { return f.Text(name) != "" }

// Wrong records a problem with the field, or with the form when name is empty. The first
// problem of a field is the one shown beside it.
func (f *Form) Wrong(name, text string) { f.problems = append(f.problems, Problem{name, text}) }

// OK reports whether no problem has been recorded.
func (f *Form) OK() bool { return len(f.Problems()) == 0 }

// Take records err as a problem of the whole form, and reports whether it could: the
// faults that the person can mend in the form are taken (invalid, refused, conflict), the
// rest is the page's error.
func (f *Form) Take(err error) bool {
	kind, msg, ok := fault.Of(err)
	if !ok || kind != fault.Invalid && kind != fault.Refused && kind != fault.Conflict {
		return false
	}
	f.Wrong("", msg)
	return true
}

// Problems returns what has been recorded, in order.
func (f *Form) Problems() []Problem {
	if f == nil {
		return nil
	}
	return f.problems
}

func (f *Form) problem(name string) string {
	for _, p := range f.Problems() {
		if p.Name == name {
			return p.Text
		}
	}
	return ""
}

// An Upload is a form with one file, read as it arrives. The fields that stand before the
// file in the page are in the Form; what stands after it is not read, so put the file last.
type Upload struct {
	*Form
	// File is the file's contents. Reading past the limit fails with
	// *http.MaxBytesError, which [Error] explains to the person. The file's name is
	// not told: people put patients' names into it.
	File io.Reader
}

// fieldsBeside bounds the fields of an upload and the envelope of its parts, in bytes.
const fieldsBeside = 64 << 10

// ReadUpload reads a multipart form whose field name is a file of at most max bytes, and
// gives the request the time that takes. No part of the file is held in memory or on disk.
func ReadUpload(w http.ResponseWriter, r *http.Request, name string, max int64) (*Upload, error) {
	limit := max + fieldsBeside
	if r.ContentLength > limit {
		return nil, &http.MaxBytesError{Limit: max}
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, malformed
	}
	AllowBody(r, limit)
	Slow(w)
	m := multipart.NewReader(r.Body, params["boundary"])
	v, size := url.Values{}, 0
	for {
		part, err := m.NextPart()
		if errors.Is(err, io.EOF) {
			f, err := newForm(v)
			if err != nil {
				return nil, err
			}
			f.Wrong(name, "Choose a file.")
			return &Upload{f, strings.NewReader("")}, nil
		}
		if err != nil {
			return nil, partError(err)
		}
		if part.FormName() == name {
			f, err := newForm(v)
			if err != nil {
				return nil, err
			}
			if part.FileName() == "" {
				f.Wrong(name, "Choose a file.")
			}
			return &Upload{f, &capped{part, max, max}}, nil
		}
		b, err := io.ReadAll(io.LimitReader(part, fieldsBeside+1))
		if err != nil {
			return nil, partError(err)
		}
		if size += len(b); size > fieldsBeside || len(v) >= maxFields || part.FileName() != "" {
			return nil, malformed
		}
		v.Add(part.FormName(), string(b))
	}
}

// capped reads at most limit bytes and fails, rather than ending, when there are more.
type capped struct {
	r           io.Reader
	left, limit int64
}

func (c *capped) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if c.left < 0 {
		return 0, &http.MaxBytesError{Limit: c.limit}
	}
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return n - 1, &http.MaxBytesError{Limit: c.limit}
	}
	return n, err
}
