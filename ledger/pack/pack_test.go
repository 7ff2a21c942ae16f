package pack

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"chaperone.example/ledger"
	"chaperone.example/ledger/leaf"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/ledger/proof"
)

var stride = flag.Int("stride", 211, "flip every so many bits of the packs: 1 for all, as CHAPERONE_COMPLETE=1 does")

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv("CHAPERONE_COMPLETE") == "1" {
		*stride = 1
	}
	os.Exit(m.Run())
}

type fixture struct {
	desk   *ledger.Desk
	db     ledger.Reader
	policy *proof.Policy
}

// fill makes a ledger of n records of which south is a party of a part, with sealed
// details, some of them disposed of.
func fill(t testing.TB, n int) *fixture {
	t.Helper()
	s := ledgertest.Stores()[0]
	db := s.Open(t, s.Fresh(t))
	c, vkey := ledgertest.Counting(t, db)
	second, err := proof.NewMLDSA44(ledgertest.Origin, bytes.Repeat([]byte{1}, 32), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	c.Second = second
	d := ledgertest.Desk(t, c)
	for i := range n - 1 {
		id := fmt.Sprint(i % 6)
		if i < 6 {
			ledgertest.Do(t, d, id, ledgertest.Begin{With: []string{"south", "east", "west"}[i%3]})
		} else {
			ledgertest.Do(t, d, id, ledgertest.Add{By: i, Note: []string{"", "a detail"}[i%2], Who: fmt.Sprint("s-", i%5)})
		}
	}
	if _, err := d.Log.Dispose(t.Context(), ledgertest.Alice, ledger.Disposal{Subject: "s-1", Reason: "retention"}); err != nil {
		t.Fatal(err)
	}
	// The policy knows both signatures: a line that nobody knows proves nothing.
	policy, err := proof.ParsePolicy([]byte("log " + vkey + "\nwitness second " + second.VerifierKey() + "\nquorum second\n"))
	if err != nil {
		t.Fatal(err)
	}
	return &fixture{d, db, policy}
}

func (f *fixture) write(t testing.TB, part Part, bare bool) []byte {
	t.Helper()
	checkpoint, err := f.desk.Log.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Write(t.Context(), &b, f.db, checkpoint, part, bare); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var south = Part{"south", leaf.PartyKey(make([]byte, 32), "south")}

// LED-1: a pack of everything, one without details, and one of an organization say what
// they hold, and an organization's says nothing of the others.
func TestPacksVerify(t *testing.T) {
	f := fill(t, 300)
	whole := f.write(t, Whole, false)
	v, err := Verify(bytes.NewReader(whole), f.policy)
	if err != nil || v.Open != 300 || v.Tree.N != 300 || v.Absent != 0 || len(v.Disposals) == 0 {
		t.Errorf("whole: %+v, %v", v, err)
	}
	bare := f.write(t, Whole, true)
	b, err := Verify(bytes.NewReader(bare), f.policy)
	if err != nil || b.Sealed != 0 || b.Absent != v.Sealed || len(b.Disposals) != len(v.Disposals) {
		t.Errorf("bare: %+v, %v", b, err)
	}
	own := f.write(t, south, false)
	o, err := Verify(bytes.NewReader(own), f.policy)
	if err != nil || o.Open >= 200 || o.Open < 90 || o.Tree != v.Tree || len(o.Disposals) == 0 {
		t.Errorf("own: %+v, %v", o, err)
	}
	for i := range o.Disposals {
		if o.Disposals[i] != 299 {
			t.Errorf("record %d was disposed of by %d", i, o.Disposals[i])
		}
	}
	for line := range strings.Lines(string(own)) {
		if strings.Contains(line, `"leaf":`) && strings.Contains(line, "count") {
			t.Errorf("a closed record says %s", line)
		}
	}
	if bytes.Contains(own, []byte("west")) {
		t.Error("the pack of one organization names another that it shares nothing with")
	}
	east := f.write(t, Part{"east", leaf.PartyKey(make([]byte, 32), "east")}, false)
	if _, err := Verify(bytes.NewReader(east), f.policy); err != nil {
		t.Error(err)
	}
}

// resum writes the sum again, as whoever alters a pack would.
func resum(data []byte) []byte {
	i := bytes.LastIndex(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"+sumPrefix))
	if i < 0 {
		return data
	}
	return fmt.Appendf(bytes.Clone(data[:i+1]), "%s%x\n", sumPrefix, sha256.Sum256(data[:i+1]))
}

// within fails when something takes longer than a second: it hangs.
func within(t *testing.T, what string, f func() error) error {
	t.Helper()
	begin := time.Now()
	err := f()
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("%s took %v", what, took)
	}
	return err
}

// Bar 2: whatever bit of a pack of 300 records is flipped, it is refused, even when the
// sum is made to fit again. Each line is read with each flip; where it can still be
// read, its leaf must be another, so that the root is, or its details must not match,
// or else the whole pack is verified. Of the former, a part is verified whole too.
func TestEveryBitOfAPackMatters(t *testing.T) {
	f := fill(t, 300)
	for name, part := range map[string]Part{"whole": Whole, "south": south} {
		data := f.write(t, part, false)
		var lines [][]byte
		for l := range bytes.Lines(data) {
			lines = append(lines, l)
		}
		flips, full := 0, 0
		at := 0 // where the line begins
		for n, l := range lines {
			for bit := (*stride - at*8%*stride) % *stride; bit < len(l)*8; bit += *stride {
				flips++
				bad := bytes.Clone(l)
				bad[bit/8] ^= 1 << (bit % 8)
				if n > 0 && n <= 300 && flips%499 != 0 {
					if changesTheLeaf(t, l, bad, int64(n-1)) {
						continue
					}
				}
				full++
				whole := slices.Concat(data[:at], bad, data[at+len(l):])
				for _, d := range [][]byte{whole, resum(whole)} {
					if bytes.Equal(d, data) {
						continue // the flip was in the sum itself
					}
					if err := within(t, name, func() error { _, err := Verify(bytes.NewReader(d), f.policy); return err }); err == nil {
						t.Fatalf("%s: bit %d of line %d (%q) flipped unnoticed", name, bit, n+1, l[bit/8])
					}
				}
			}
			at += len(l)
		}
		t.Logf("%s: %d bytes, %d flips, %d of them verified whole: all detected", name, len(data), flips, full)
	}
}

// changesTheLeaf reports whether an altered line cannot be read, gives another leaf, or
// details that do not match.
func changesTheLeaf(t *testing.T, good, bad []byte, n int64) bool {
	read := func(b []byte) ([]byte, bool) {
		p := &Reader{in: bufio.NewReader(bytes.NewReader(b)), sum: sha256.New(), next: n, Records: n + 1}
		i, err := p.Next()
		if err != nil {
			return nil, false
		}
		l, err := i.Leaf()
		if err == nil && i.Sealed != nil {
			if rec, err := i.Record(); err != nil || !i.Sealed.Matches(rec.Sealed) {
				return nil, false
			}
		}
		if _, more := p.in.ReadByte(); more == nil { // a newline appeared: the rest is another line
			return nil, false
		}
		return l, err == nil
	}
	want, ok := read(good)
	if !ok {
		t.Fatalf("record %d of the pack cannot be read", n)
	}
	got, ok := read(bad)
	return !ok || !bytes.Equal(got, want)
}

// Bar 2: records that are deleted, swapped, doubled, cut off or closed are missed.
func TestAlteredPacks(t *testing.T) {
	f := fill(t, 300)
	other := fill(t, 300)
	whole, own := f.write(t, Whole, false), f.write(t, south, false)
	lines := func(b []byte) (l [][]byte) { return slices.Collect(bytes.Lines(b)) }
	first := slices.IndexFunc(lines(own), func(l []byte) bool { return bytes.Contains(l, []byte(`{"open":`)) })
	last := 0
	for i, l := range lines(own) {
		if bytes.Contains(l, []byte(`{"open":`)) {
			last = i
		}
	}
	closed := lines(f.write(t, Part{"nobody", make([]byte, 32)}, false))
	for name, bad := range map[string][][]byte{
		"deleted":             slices.Delete(lines(whole), 100, 101),
		"last deleted":        slices.Delete(lines(whole), 300, 301),
		"swapped":             slices.Concat(lines(whole)[:7], lines(whole)[8:9], lines(whole)[7:8], lines(whole)[9:]),
		"doubled":             slices.Insert(lines(whole), 50, lines(whole)[50]),
		"replaced by another": slices.Replace(lines(whole), 50, 51, lines(whole)[51]),
		"closed in whole":     slices.Replace(lines(whole), 50, 51, closed[50]),
		"details left out":    slices.Replace(lines(whole), 1, 301, lines(f.write(t, Whole, true))[1:250]...),
		"own first left out":  slices.Replace(lines(own), first, first+1, closed[first]),
		"own last left out":   slices.Replace(lines(own), last, last+1, closed[last]),
		"another's shown":     slices.Replace(lines(own), 2, 3, lines(whole)[2]),
		"another header":      slices.Replace(lines(own), 0, 1, lines(whole)[0]),
		"another's pack":      lines(other.write(t, Whole, false)),
		"another's head":      append(lines(whole)[:301], lines(other.write(t, Whole, false))[301:]...),
		"sum only":            lines(whole)[len(lines(whole))-1:],
		"empty":               nil,
		"something after":     append(lines(whole), []byte("x")),
	} {
		data := bytes.Join(bad, nil)
		for _, d := range [][]byte{data, resum(data)} {
			if bytes.Equal(d, whole) {
				continue // making the sum fit undid the change
			}
			if err := within(t, name, func() error { _, err := Verify(bytes.NewReader(d), f.policy); return err }); err == nil {
				t.Errorf("%s: unnoticed", name)
			}
		}
	}
	for n := 0; n < len(whole); n += 1 + len(whole)/200 {
		if _, err := Verify(bytes.NewReader(whole[:n]), f.policy); err == nil {
			t.Errorf("cut to %d of %d bytes unnoticed", n, len(whole))
		}
	}
}

// A pack does not outgrow what was signed, and a reader of endless lines stops.
func TestBounds(t *testing.T) {
	f := fill(t, 10)
	checkpoint, err := f.desk.Log.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ledgertest.Do(t, f.desk, "1", ledgertest.Add{By: 1})
	var b bytes.Buffer
	if err := Write(context.Background(), &b, f.db, checkpoint, Whole, false); err != nil {
		t.Fatal(err)
	}
	if v, err := Verify(&b, f.policy); err != nil || v.Open != 10 {
		t.Errorf("%+v, %v", v, err)
	}
	if _, err := NewReader(endless{}); err == nil {
		t.Error("an endless line was read")
	}
	if err := Write(context.Background(), full{}, f.db, checkpoint, Whole, false); err == nil {
		t.Error("a failing disk went unnoticed")
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

func FuzzVerify(f *testing.F) {
	w := fill(f, 12)
	for _, part := range []Part{Whole, south} {
		good := w.write(f, part, false)
		f.Add(good)
		f.Add(bytes.Replace(good, []byte(`"records":12`), []byte(`"records":11`), 1))
		f.Add(good[:len(good)/2])
	}
	good := [][]byte{w.write(f, Whole, false), w.write(f, south, false)}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, d := range [][]byte{data, resum(append(bytes.Clone(data), '\n'))} {
			v, err := Verify(bytes.NewReader(d), w.policy)
			if err == nil && !slices.ContainsFunc(good, func(g []byte) bool { return bytes.Equal(g, d) }) && v.Absent == 0 {
				t.Errorf("a pack verified that nobody wrote: %d bytes", len(d))
			}
		}
	})
}
