package input

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
)

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 300<<10) // longer than the reader's buffer
	l := NewLines(strings.NewReader("\ufefffirst\r\n\n"+long+"\nlast"), 1<<20)
	for i, want := range []string{"first", "", long, "last"} {
		got, err := l.Next()
		if err != nil || string(got) != want {
			t.Fatalf("line %d = %d bytes, %v, want %d bytes", i+1, len(got), err, len(want))
		}
		if l.Line() != int64(i+1) {
			t.Errorf("Line() = %d, want %d", l.Line(), i+1)
		}
	}
	if _, err := l.Next(); err != io.EOF {
		t.Errorf("after the last line: %v, want io.EOF", err)
	}
}

// endless is a line that never ends.
type endless struct{ n int64 }

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'Q'
	}
	e.n += int64(len(b))
	return len(b), nil
}

// A line of 2 GB must not fill the memory: the reader gives up at its limit, names
// the line and the remedy, and repeats nothing of it.
func TestEndlessLine(t *testing.T) {
	e := &endless{}
	l := NewLines(io.MultiReader(strings.NewReader("ok\n"), e), 0)
	if _, err := l.Next(); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := l.Next()
	runtime.ReadMemStats(&after)
	var flaw *Error
	if !errors.As(err, &flaw) || flaw.Line != 2 || flaw.Remedy == "" || strings.Contains(err.Error(), "QQ") {
		t.Errorf("err = %v, want an Error at line 2 with a remedy", err)
	}
	if e.n > 2*MaxLine {
		t.Errorf("read %d bytes of the line before giving up", e.n)
	}
	if grown := after.HeapInuse - before.HeapInuse; after.HeapInuse > before.HeapInuse && grown > 64<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb\r\n\ufeffc"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l := NewLines(strings.NewReader(string(b)), 64)
		for {
			line, err := l.Next()
			if err != nil {
				return
			}
			if len(line) > 66 {
				t.Fatalf("a line of %d bytes passed a limit of 64", len(line))
			}
		}
	})
}
