// Package console is what the commands share that work on files: where they print, how
// they read and write, and how they say that a file is wrong, that the answer is no, or that
// they were stopped.
package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"chaperone.example/deid/input"
)

// A Terminal is what a command prints to: data on Out, words for people on Err.
type Terminal struct{ Out, Err io.Writer }

// Say tells the person something that is not the data asked for.
func (t Terminal) Say(format string, a ...any) { fmt.Fprintf(t.Err, format+"\n", a...) }

// Progress returns a function that tells the person, at most once in two seconds, how far
// a long run is.
func (t Terminal) Progress(what string) func(done, all int) {
	last := time.Now()
	return func(done, all int) {
		if time.Since(last) >= 2*time.Second && all > 0 {
			last = time.Now()
			t.Say("%d %% of %d %s", 100*done/all, all, what)
		}
	}
}

// A Verdict is the answer no: said, and no error of the program.
type Verdict struct{ Reason error }

// Error returns the reason.
func (v Verdict) Error() string { return v.Reason.Error() }

// No returns a verdict.
func No(format string, a ...any) error { return Verdict{fmt.Errorf(format, a...)} }

// A BadFile is an input that is wrong; nothing was changed.
type BadFile struct{ Cause error }

// Error returns the cause.
func (b BadFile) Error() string { return b.Cause.Error() }

// Unwrap returns the cause.
func (b BadFile) Unwrap() error { return b.Cause }

// Bad says that an input is wrong.
func Bad(err error) error { return BadFile{err} }

// Interrupted is what a command that writes a file says when it is stopped: no script may
// take it for done.
func Interrupted(err error) error {
	if errors.Is(err, context.Canceled) {
		return No("interrupted; nothing was written")
	}
	return err
}

// ReadFile opens a file and names it in what is wrong with it.
func ReadFile(name string, use func(io.Reader) error) error {
	f, err := os.Open(name)
	if err != nil {
		return Bad(err)
	}
	defer f.Close()
	err = use(f)
	var flaw *input.Error
	switch {
	case errors.As(err, &flaw):
		return Bad(fmt.Errorf("%s: %w", name, flaw))
	case err != nil && !errors.Is(err, context.Canceled):
		return Bad(fmt.Errorf("%s: %w", name, err))
	}
	return err
}

// ReadJSON reads a value from a file that holds nothing else. Members it does not know are
// refused.
func ReadJSON(name string, v any) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return Bad(err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return Bad(fmt.Errorf("%s: %w", name, err))
	}
	if d.More() {
		return Bad(fmt.Errorf("%s: something follows the JSON value: remove it", name))
	}
	return nil
}

// WriteWhole writes a file that appears only when it is complete.
func WriteWhole(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".chaperone-*")
	if err != nil {
		return Bad(err)
	}
	defer os.Remove(f.Name())
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// WriteJSON writes a value as a file of JSON, whole or not at all.
func WriteJSON(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return WriteWhole(path, func(w io.Writer) error { _, err := w.Write(append(text, '\n')); return err })
}
