package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
)

// format reads and writes JSON. It takes what the library takes, but for members that
// stand twice and text that is not UTF-8: of two readers of such a body, each may see
// another. Its errors say where, and repeat nothing.
var format = huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}

func unmarshal(data []byte, v any) error {
	// The library reads a body twice, first into any to validate it.
	if _, first := v.(*any); first {
		if !utf8.Valid(data) {
			return errors.New("the body is not UTF-8")
		}
		if err := unique(data); err != nil {
			return err
		}
	}
	err := json.Unmarshal(data, v)
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("at byte %d stands a value of another type than the document of the API says", t.Offset)
	}
	return where(err)
}

// where says at which byte JSON ends to be it.
func where(err error) error {
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("the body is not JSON from byte %d on", s.Offset)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the body ends in the middle of its JSON")
	}
	return err
}

// unique refuses a member that stands twice in one object.
func unique(data []byte) error {
	type level struct {
		members map[string]bool // nil in an array
		value   bool            // a value is next, not a name
	}
	var open []level
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && len(open) == 0 {
			return nil
		}
		if err != nil {
			return where(err)
		}
		top := len(open) - 1
		if top >= 0 && open[top].members != nil {
			if name, ok := token.(string); ok && !open[top].value {
				if open[top].members[name] {
					return fmt.Errorf("at byte %d stands a member that its object has already: keep one of the two", d.InputOffset())
				}
				open[top].members[name], open[top].value = true, true
				continue
			}
			open[top].value = false
		}
		switch token {
		case json.Delim('{'):
			open = append(open, level{members: map[string]bool{}})
		case json.Delim('['):
			open = append(open, level{})
		case json.Delim('}'), json.Delim(']'):
			open = open[:top]
		}
	}
}

// malformed is the problem document of a request that the library refuses. The library
// says what it wants, but in places repeats what it got.
func malformed(status int, errs []error) *Problem {
	detail := "the request is malformed"
	switch status {
	case http.StatusUnprocessableEntity:
		detail = "some fields are wrong"
	case http.StatusUnsupportedMediaType:
		return newProblem(status, "invalid", "the body is of a type that the operation does not take: send application/json, and say so in Content-Type")
	case http.StatusRequestEntityTooLarge:
		detail = "the body is larger than the operation takes"
	}
	p := newProblem(status, "invalid", detail)
	for _, err := range errs {
		d, ok := errors.AsType[*huma.ErrorDetail](err)
		if !ok {
			continue
		}
		f := Field{d.Location, d.Message}
		if d.Message == validation.MsgUnexpectedProperty {
			// The name of a property can be anything, a patient's name too; and with a dot in it,
			// it cannot be told from the path that leads to it.
			f.Location = "body"
			f.Message = "a property that the operation does not take: compare the names with the document of the API"
		}
		p.Errors = append(p.Errors, f)
	}
	return p
}
