package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chaperone.example/internal/dataset/intake"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/vault"
	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
)

var (
	steward  = ledger.Actor{ID: "u-steward", Org: "o-harbor", Role: "data-steward"}
	stranger = ledger.Actor{ID: "u-other", Org: "o-rival", Role: "data-steward"}
)

// A bench is a store on a real ledger and a real vault.
type bench struct {
	*Store
	t    *testing.T
	data string // folder of the vault
}

func newBench(t *testing.T) bench {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	v, err := vault.Open(t.Context(), filepath.Join(t.TempDir(), "keys"), data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	desk, _ := ledgertest.Open(t, []ledger.Types{Types}, View())
	return bench{&Store{Desk: desk, Vault: v, Repositories: []Repository{{"hub-vault", "us-east"}}}, t, data}
}

// objects lists the files of the vault.
func (b bench) objects() []string {
	b.t.Helper()
	entries, err := os.ReadDir(filepath.Join(b.data, "objects"))
	if err != nil {
		b.t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func (b bench) size() int64 {
	b.t.Helper()
	head, err := b.Desk.Log.Head(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return head.N
}

func (b bench) register(id string, c Register) {
	b.t.Helper()
	if c.Label.Title == "" {
		c.Label = Label{"Encounters of Zebulon", "Clarity"}
	}
	c.Source, c.Repository = HealthRecord, "hub-vault"
	if _, err := b.Store.Register(b.t.Context(), steward, id, c); err != nil {
		b.t.Fatal(err)
	}
}

var encounters = Register{Format: intake.Encounters, Environment: Production, PHI: true}

const extract = "encounter_key,hospital_id,class,admit_dt,discharge_dt,zip\n" +
	"e-1,h-1,I,2026-01-05T08:00:00-05:00,2026-01-09T11:30:00-05:00,02139\n" +
	"e-2,h-1,E,2026-02-05T08:00:00-05:00,2026-02-05T11:30:00-05:00,02139\n"

func TestReceiveAndOpen(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	b.register("d-1", encounters)
	if _, err := b.Receive(ctx, steward, "d-1", strings.NewReader(extract)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Open(ctx, steward, "d-1"); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "not confirmed") {
		t.Errorf("opened before the steward confirmed: %v", err)
	}
	if _, err := ledger.Do(ctx, b.Desk, steward, Kind, "d-1", Classify{Version: 1}); err != nil {
		t.Fatal(err)
	}
	size := b.size()
	by := steward
	by.Reason = "request/q-1"
	data, f, err := b.Open(ctx, by, "d-1")
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	plain, err := io.ReadAll(data)
	if err != nil || string(plain) != extract {
		t.Errorf("read %q, %v", plain, err)
	}
	if f.Records != 2 || f.Bytes != int64(len(extract)) || f.First != "2026-01" || f.Last != "2026-02" || !f.PHI || f.Title != "Encounters of Zebulon" || len(f.Holds()) != 6 {
		t.Errorf("facts %+v", f)
	}
	if b.size() != size+1 {
		t.Error("the opening is not on record")
	}
	s, err := ledger.Ask(ctx, b.Desk, steward, One{ID: "d-1"})
	if err != nil || s.Status != Ready || s.History[0].Type != "dataset.opened" || s.History[0].Reason != "request/q-1" || s.Label.System != "Clarity" {
		t.Errorf("sheet %+v, %v", s, err)
	}
	ledgertest.CheckRebuild(t, b.Desk.Log)
}

// SEC-1: the file rests under the key of its organization; nothing of it is readable
// in the folder of data or in the ledger, the title included.
func TestSealed(t *testing.T) {
	b := newBench(t)
	b.register("d-1", encounters)
	if _, err := b.Receive(t.Context(), steward, "d-1", strings.NewReader(extract)); err != nil {
		t.Fatal(err)
	}
	if n := len(b.objects()); n != 1 {
		t.Fatalf("%d objects, want 1", n)
	}
	for _, name := range b.objects() {
		if _, err := b.Vault.Read(t.Context(), "o-rival", name); err == nil {
			t.Error("another organization's key opens the object")
		}
		if strings.Contains(name, "d-1") || strings.Contains(name, "Zebulon") {
			t.Errorf("file name %s", name)
		}
	}
	err := filepath.WalkDir(b.data, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if strings.Contains(string(content), "02139") {
			t.Errorf("%s holds plain data", filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for r, err := range b.Desk.Log.All(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if body := fmt.Sprintf("%+v %s", r, r.Body); strings.Contains(body, "Zebulon") || strings.Contains(body, "02139") || strings.Contains(body, "Clarity") {
			t.Errorf("the event holds a detail: %s", body)
		}
	}
}

// After a refusal everything is as it was: no event, no object, no part of one.
func TestRefusalChangesNothing(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	b.register("d-1", encounters)
	b.register("d-2", Register{Format: intake.Resources, Environment: Production, PHI: true})
	b.register("d-3", Register{Format: intake.Encounters, Environment: Test})
	b.register("d-4", Register{Format: intake.Resources, Environment: Training})
	b.register("d-5", encounters)
	if _, err := ledger.Do(ctx, b.Desk, steward, Kind, "d-5", Retire{NotNeeded}); err != nil {
		t.Fatal(err)
	}
	dead := errors.New("the line went dead")
	size := b.size()
	for name, c := range map[string]struct {
		id   string
		in   io.Reader
		want string
	}{
		"truncated CSV":                        {"d-1", strings.NewReader(extract[:len(extract)-20]), "cut off"},
		"wrong columns":                        {"d-1", strings.NewReader("shoe_size," + extract), "shoe_size is not in the format"},
		"invalid UTF-8":                        {"d-1", strings.NewReader(strings.Replace(extract, "e-2", "\xff", 1)), "not UTF-8"},
		"a line of 2 GB":                       {"d-1", io.MultiReader(strings.NewReader(extract), &endless{2 << 30}), "line 4: the line is longer than 1 MiB"},
		"gzip":                                 {"d-2", strings.NewReader("\x1f\x8b\x08bomb"), "archives are not opened"},
		"zip":                                  {"d-1", strings.NewReader("PK\x03\x04bomb"), "archives are not opened"},
		"duplicate JSON keys":                  {"d-2", strings.NewReader(`{"resourceType":"Patient","id":"1","id":"2"}` + "\n"), "the same key twice"},
		"truncated NDJSON":                     {"d-2", strings.NewReader(`{"resourceType":"Patient","id":"1"}` + "\n" + `{"resourceType":"Pat`), "cut off"},
		"identifiers in a test environment":    {"d-3", strings.NewReader(extract), "this environment takes none"},
		"identifiers in a training one (FHIR)": {"d-4", strings.NewReader(`{"resourceType":"Patient","id":"1"}` + "\n"), "this environment takes none"},
		"a retired dataset":                    {"d-5", strings.NewReader(extract), "retired"},
		"a broken connection":                  {"d-1", io.MultiReader(strings.NewReader(extract), broken{dead}), dead.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.Receive(ctx, steward, c.id, c.in)
			msg := fmt.Sprint(err)
			if _, fault, ok := fault.Of(err); ok {
				msg = fault
			}
			if err == nil || !strings.Contains(msg, c.want) {
				t.Errorf("Receive = %v, want %q", err, c.want)
			}
			if strings.Contains(msg, "02139") {
				t.Errorf("the message repeats a value: %s", msg)
			}
			if b.size() != size || len(b.objects()) != 0 {
				t.Errorf("%d records more, objects %v", b.size()-size, b.objects())
			}
		})
	}
	t.Run("too large", func(t *testing.T) {
		small := *b.Store
		small.MaxBytes = 100
		if _, err := small.Receive(ctx, steward, "d-1", strings.NewReader(extract)); !fault.Is(err, fault.Invalid) || len(b.objects()) != 0 {
			t.Errorf("%v, objects %v", err, b.objects())
		}
	})
	t.Run("the caller went away", func(t *testing.T) {
		gone, cancel := context.WithCancel(ctx)
		in := io.MultiReader(strings.NewReader(extract), doing(cancel))
		if _, err := b.Receive(gone, steward, "d-1", in); !errors.Is(err, context.Canceled) || len(b.objects()) != 0 {
			t.Errorf("%v, objects %v", err, b.objects())
		}
	})
	if b.size() != size {
		t.Errorf("%d records more", b.size()-size)
	}
}

type endless struct{ left int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.left -= int64(len(p)); e.left < 0 {
		return 0, io.EOF
	}
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

type doing func()

func (d doing) Read(p []byte) (int, error) { d(); return copy(p, "\n"), nil }

// The same file sent twice with the same key is received once, and one object stays.
func TestReceiveOnce(t *testing.T) {
	b := newBench(t)
	b.register("d-1", encounters)
	once := ledger.Once(t.Context(), "key-1")
	first, err := b.Receive(once, steward, "d-1", strings.NewReader(extract))
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.Receive(once, steward, "d-1", strings.NewReader(extract))
	if err != nil || !again.Repeated || again.First != first.First || len(b.objects()) != 1 {
		t.Errorf("%+v, %v; objects %v", again, err, b.objects())
	}
	if _, err := b.Receive(t.Context(), steward, "d-1", strings.NewReader(extract)); !fault.Is(err, fault.Refused) || len(b.objects()) != 1 {
		t.Errorf("the same file again: %v; objects %v", err, b.objects())
	}
	if _, err := b.Receive(t.Context(), steward, "d-1", strings.NewReader(strings.Replace(extract, "e-2", "e-3", 1))); err != nil || len(b.objects()) != 2 {
		t.Errorf("a new version: %v; objects %v", err, b.objects())
	}
	s, err := ledger.Ask(t.Context(), b.Desk, steward, One{ID: "d-1"})
	if err != nil || s.Version != 2 || s.Holding.Versions[1].Replaces != 1 {
		t.Errorf("lineage: %+v, %v", s.Holding.Versions, err)
	}
}

// Another organization's dataset and one that does not exist cannot be told apart,
// at no door.
func TestScope(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	b.register("d-1", encounters)
	if _, err := b.Receive(ctx, steward, "d-1", strings.NewReader(extract)); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Do(ctx, b.Desk, steward, Kind, "d-1", Classify{Version: 1}); err != nil {
		t.Fatal(err)
	}
	for name, door := range map[string]func(id string) error{
		"see":     func(id string) error { _, err := ledger.Ask(ctx, b.Desk, stranger, One{ID: id}); return err },
		"receive": func(id string) error { _, err := b.Receive(ctx, stranger, id, strings.NewReader(extract)); return err },
		"open":    func(id string) error { _, _, err := b.Open(ctx, stranger, id); return err },
		"classify": func(id string) error {
			_, err := ledger.Do(ctx, b.Desk, stranger, Kind, id, Classify{Version: 1})
			return err
		},
		"retire": func(id string) error {
			_, err := ledger.Do(ctx, b.Desk, stranger, Kind, id, Retire{NotNeeded})
			return err
		},
	} {
		of, none := door("d-1"), door("d-none")
		if !fault.Is(of, fault.NotFound) || of.Error() != none.Error() {
			t.Errorf("%s: %v for another's, %v for none", name, of, none)
		}
	}
	rows, err := ledger.Ask(ctx, b.Desk, stranger, List{})
	if err != nil || len(rows) != 0 {
		t.Errorf("a stranger sees %v, %v", rows, err)
	}
	all, err := ledger.Ask(ctx, b.Desk, stranger, ready{})
	if err != nil || len(all) != 0 {
		t.Errorf("a stranger may use %v, %v", all, err)
	}
	if all, err = ledger.Ask(ctx, b.Desk, steward, ready{}); err != nil || len(all) != 1 || all[0].Version != 1 {
		t.Errorf("the owner may use %v, %v", all, err)
	}
}

// ready asks for what [Available] returns.
type ready struct{}

func (ready) Action() string { return "dataset.list" }
func (ready) Answer(ctx context.Context, r *ledger.Reading) ([]Facts, error) {
	return Available(ctx, r)
}

// edges stands for the releases of another module.
type edges map[string][]Edge

func (e edges) Of(_ context.Context, _ *ledger.Reading, id string) ([]Edge, error) { return e[id], nil }

func TestInventory(t *testing.T) {
	b := newBench(t)
	ctx := t.Context()
	b.register("d-1", encounters)
	b.register("d-2", Register{Format: intake.UnitMonths, Environment: Training, Label: Label{"Units", "NHSN"}})
	if _, err := b.Receive(ctx, steward, "d-2", strings.NewReader("hospital_id,unit_id,month,patient_days\nh,u,2026-01,300\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Do(ctx, b.Desk, steward, Kind, "d-2", Classify{Version: 1}); err != nil {
		t.Fatal(err)
	}
	rows, err := ledger.Ask(ctx, b.Desk, steward, List{Releases: edges{"d-2": {{ID: "r-1"}}}})
	if err != nil || len(rows) != 2 {
		t.Fatalf("%v, %v", rows, err)
	}
	if r := rows[0]; r.ID != "d-1" || r.Status != Awaiting || !r.PHI || r.Region != "us-east" || r.Label.System != "Clarity" {
		t.Errorf("first row %+v", r)
	}
	if r := rows[1]; r.Status != Ready || r.PHI || r.Label.Title != "Units" || len(r.Releases) != 1 {
		t.Errorf("second row %+v", r)
	}
}

// A declaration does not make identifiers harmless.
func TestDeclaredFreeOfPHI(t *testing.T) {
	b := newBench(t)
	b.register("d-1", Register{Format: intake.Encounters, Environment: Production})
	if _, err := b.Receive(t.Context(), steward, "d-1", strings.NewReader(extract)); err != nil {
		t.Fatal(err)
	}
	s, err := ledger.Ask(t.Context(), b.Desk, steward, One{ID: "d-1"})
	if err != nil || !s.PHI || !s.Holding.HasPHI() || s.Holding.PHI {
		t.Errorf("%+v, %v", s.Row, err)
	}
}

func TestNewID(t *testing.T) {
	if a, b := NewID(steward, "k"), NewID(steward, "k"); a != b || a == NewID(stranger, "k") || a == NewID(steward, "l") || len(a) != len(NewID(steward, "")) {
		t.Errorf("NewID = %s, %s", a, b)
	}
	if a, b := NewID(steward, ""), NewID(steward, ""); a == b {
		t.Error("two new ids are the same")
	}
}
