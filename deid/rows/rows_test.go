package rows

import (
	"errors"
	"io"
	"strings"
	"testing"

	"chaperone.example/deid/input"
)

func TestReader(t *testing.T) {
	r, err := NewReader(strings.NewReader("\ufeffa;b\r\n1;\"x;\ny\"\r\n\r\n2;z\r\n"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if r.Separator != ';' || strings.Join(r.Header, "|") != "a|b" {
		t.Fatalf("separator %q, header %q", r.Separator, r.Header)
	}
	var got []string
	var lines []int64
	for {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got, lines = append(got, strings.Join(row, "|")), append(lines, r.Line())
	}
	if strings.Join(got, "/") != "1|x;\ny/2|z" || lines[0] != 2 || lines[1] != 5 {
		t.Errorf("got %q at %v", got, lines)
	}
	var out strings.Builder
	w := NewWriter(&out, ';')
	if err := errors.Join(w.Write([]string{"1", "x;y"}), w.Flush()); err != nil || out.String() != "1;\"x;y\"\n" {
		t.Errorf("wrote %q, %v", out.String(), err)
	}
}

// What is wrong is said with its line and remedy, and no value of the file.
func TestReaderComplains(t *testing.T) {
	for name, tt := range map[string]struct {
		text, problem string
		line          int64
	}{
		"empty":          {"", "empty", 0},
		"no name":        {"a,\n1,2\n", "no name", 1},
		"same name":      {"a, a\n1,2\n", "same name", 1},
		"short row":      {"a,b\n1,2\nSECRET\n", "number of fields", 3},
		"quote inside":   {"a,b\n1,SEC\"RET\n", "quote stands inside", 2},
		"open quote":     {"a,b\n1,\"SECRET\n", "does not end", 2},
		"NUL":            {"a,b\n1,SECRET\x00\n", "NUL", 2},
		"not UTF-8":      {"a,b\n1,SECRET\xff\n", "UTF-8", 2},
		"endless record": {"a,b\n1,\"" + strings.Repeat("SECRET", 1<<16), "longer than the limit", 0},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := NewReader(strings.NewReader(tt.text), 1000)
			for err == nil {
				_, err = r.Read()
			}
			var flaw *input.Error
			if !errors.As(err, &flaw) || !strings.Contains(flaw.Problem, tt.problem) || flaw.Line != tt.line || flaw.Remedy == "" {
				t.Errorf("got %v, want %q in line %d", err, tt.problem, tt.line)
			}
			if err != nil && strings.Contains(err.Error(), "SECRET") {
				t.Errorf("the error repeats a value: %v", err)
			}
		})
	}
}

func FuzzReader(f *testing.F) {
	f.Add("a,b\n1,2\n")
	f.Add("a;b\n\"1\n\";2\n")
	f.Add("\ufeffa\tb\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := NewReader(strings.NewReader(text), 1<<10)
		if err != nil {
			return
		}
		for {
			row, err := r.Read()
			if err != nil {
				return
			}
			if len(row) != len(r.Header) {
				t.Fatalf("%d fields, %d columns", len(row), len(r.Header))
			}
		}
	})
}
