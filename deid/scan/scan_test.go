package scan

import (
	"bufio"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"chaperone.example/deid/input"
)

var values = []string{
	`{}`, `[]`, `""`, `0`, `-0.5e+7`, `true`, `false`, `null`, `{"a":{"b":[1,"x",{}]},"c":"\u00e9\ud83d\ude00\"\\\/"}`, ` { "a" : 1 } `, `"12345678901234567890"`, `"1234567\n"`,
	`{"a":1,}`, `{"a"}`, `{a:1}`, `[1,]`, `[1 2]`, `"\x"`, `"\u12g4"`, "\"\x01\"", `01`, `1.`, `1e`, `-`, `tru`, `{"a":1`, `"abc`, ``, `{"a":1}}`, `+1`, `.5`, "{\"a\":\x00}",
}

// The scanner accepts what encoding/json accepts.
func TestSkip(t *testing.T) {
	for _, in := range values {
		s := Scanner{In: []byte(in)}
		got := s.Skip(0) && s.Space() == 0 && s.Pos == len(in)
		if want := json.Valid([]byte(in)); got != want {
			t.Errorf("%q: accepted %v, want %v (%s)", in, got, want, s.Problem)
		}
	}
}

func TestDuplicates(t *testing.T) {
	for in, want := range map[string]bool{
		`{"a":1,"b":2}`: true, `{"a":1,"a":2}`: false, `{"a":1,"\u0061":2}`: false, `{"a":{"a":1},"b":{"a":1}}`: true, `[{"a":1},{"a":1}]`: true, `{"a":1,"A":2}`: true,
	} {
		s := Scanner{In: []byte(in)}
		if got := s.Skip(0); got != want {
			t.Errorf("%s: accepted %v, want %v", in, got, want)
		}
	}
}

func TestDepth(t *testing.T) {
	for n, want := range map[int]bool{MaxDepth: true, MaxDepth + 1: false} {
		s := Scanner{In: []byte(strings.Repeat("[", n) + strings.Repeat("]", n))}
		if got := s.Skip(0); got != want {
			t.Errorf("%d levels: accepted %v, want %v", n, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	s := Scanner{In: []byte(`{"x":[{"b":1}],"\u0062":"v\n","c":{}}`)}
	at, found, ok := s.Find(0, "b", 1)
	if !ok || !found || s.In[at] != '"' || s.Pos != 0 {
		t.Errorf("Find(b) = %d, %v, %v at %d", at, found, ok, s.Pos)
	}
	if b, ok := s.StringAt(0, "b", 1); !ok || string(b) != "v\n" {
		t.Errorf("StringAt(b) = %q, %v", b, ok)
	}
	if _, found, ok := s.Find(0, "d", 1); found || !ok {
		t.Errorf("Find(d) = %v, %v", found, ok)
	}
}

func TestStream(t *testing.T) {
	s := NewStream(bufio.NewReader(strings.NewReader("\n {\"a\":\"}\\\"\",\n\"b\":[1]} 12 \"x\"")), 100)
	for i, want := range []string{"{\"a\":\"}\\\"\",\n\"b\":[1]}", "12", `"x"`} {
		if err := s.Value(); err != nil || string(s.Buf) != want {
			t.Errorf("value %d = %q, %v, want %q", i, s.Buf, err, want)
		}
		if wantLine := []int64{2, 3, 3}[i]; s.From != wantLine {
			t.Errorf("value %d begins at line %d, want %d", i, s.From, wantLine)
		}
	}
	if c, err := s.Peek(); c != 0 || err != nil {
		t.Errorf("at the end: %q, %v", c, err)
	}
	var flaw *input.Error
	for _, in := range []string{`{"a":`, `"` + strings.Repeat("x", 200)} {
		s := NewStream(bufio.NewReader(strings.NewReader(in)), 100)
		if err := s.Value(); !errors.As(err, &flaw) {
			t.Errorf("%.10s: %v, want an input.Error", in, err)
		}
	}
}

func FuzzSkip(f *testing.F) {
	for _, in := range values {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		s := Scanner{In: in}
		accepted := s.Skip(0) && s.Space() == 0 && s.Pos == len(in)
		if accepted && !json.Valid(in) {
			t.Errorf("accepted what is not JSON: %q", in)
		}
		if !accepted && json.Valid(in) && !strings.Contains(s.Problem, "twice") && !strings.Contains(s.Problem, "deeply") {
			t.Errorf("refused JSON: %q: %s", in, s.Problem)
		}
		if accepted && len(in) > 0 && in[0] == '"' {
			var want string
			s := Scanner{In: in}
			if err := json.Unmarshal(in, &want); err != nil {
				t.Fatal(err)
			}
			if p, ok := s.Text(); ok && string(s.Bytes(p)) != want && strings.ToValidUTF8(string(in), "") == string(in) {
				t.Errorf("%q is read as %q, want %q", in, s.Bytes(p), want)
			}
		}
	})
}
