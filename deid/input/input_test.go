package input

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
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

// lines reads all lines one by one.
func lines(in string, limit int) (all []string, err error) {
	l := NewLines(strings.NewReader(in), limit)
	for {
		b, err := l.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, fmt.Sprint(l.Line(), ":", string(b)))
	}
}

// chunks reads all lines, many at a time.
func chunks(in string, limit int) (all []string, err error) {
	k := NewChunks(iotest.HalfReader(strings.NewReader(in)), limit)
	var c Chunk
	for {
		if err := k.Next(&c); err == io.EOF {
			return all, nil
		} else if err != nil {
			return all, err
		}
		for {
			b, n, err := k.Cut(&c)
			if err == io.EOF {
				break
			}
			if err != nil {
				return all, err
			}
			all = append(all, fmt.Sprint(n, ":", string(b)))
		}
	}
}

// Read together, lines are what they are one by one.
func TestChunks(t *testing.T) {
	long := strings.Repeat("0123456789", 70_000)
	for name, in := range map[string]string{
		"nothing": "", "no end": "a\nb", "ends": "a\r\n\nb\n", "mark": "\xEF\xBB\xBFa\nb\n", "many": strings.Repeat("one line\n", 100_000),
		"long": long + "\na\n" + long, "a long one after many": strings.Repeat("a\n", 131_072) + long + "\n",
	} {
		want, err := lines(in, 0)
		got, err2 := chunks(in, 0)
		if err != nil || err2 != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %d lines, %v; want %d, %v", name, len(got), err2, len(want), err)
		}
	}
	for _, in := range []string{"a\n" + long + "\nb\n", "a\n" + long, long[:1001] + "\n"} {
		_, want := lines(in, 1000)
		if _, err := chunks(in, 1000); (err == nil) != (want == nil) || err != nil && err.Error() != want.Error() {
			t.Errorf("error %v, want %v", err, want)
		}
	}
}

func FuzzChunks(f *testing.F) {
	f.Add("a\nb\r\n\nc", uint16(3))
	f.Fuzz(func(t *testing.T, in string, limit uint16) {
		want, err := lines(in, int(limit)+1)
		got, err2 := chunks(in, int(limit)+1)
		if (err == nil) != (err2 == nil) || err == nil && !slices.Equal(got, want) {
			t.Errorf("%q, %v; want %q, %v", got, err2, want, err)
		}
	})
}
