package proof

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func at(sec int64) func() time.Time { return func() time.Time { return time.Unix(sec, 0) } }

func seed(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

// A log of one leaf with two signatures, and three witnesses of both kinds.
type world struct {
	leaf      tlog.Hash
	log       note.Signer
	vkey      string
	second    *CosignKey
	witnesses []*CosignKey
	text      string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "log.example/a")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{leaf: tlog.RecordHash([]byte("leaf")), vkey: vkey, log: must[note.Signer](t)(note.NewSigner(skey))}
	w.second = must[*CosignKey](t)(NewMLDSA44("log.example/a", seed(1), at(100)))
	w.witnesses = []*CosignKey{
		must[*CosignKey](t)(NewCosignEd25519("north.example/w", seed(2), at(200))),
		must[*CosignKey](t)(NewMLDSA44("south.example/w", seed(3), at(300))),
		must[*CosignKey](t)(NewCosignEd25519("east.example/w", seed(4), at(400))),
	}
	w.text = Checkpoint{"log.example/a", tlog.Tree{N: 1, Hash: w.leaf}}.String()
	return w
}

func (w *world) policy(t testing.TB, quorum string) *Policy {
	t.Helper()
	var text strings.Builder
	text.WriteString("log " + w.vkey + "\n")
	for i, c := range w.witnesses {
		text.WriteString("witness w" + string(rune('1'+i)) + " " + c.VerifierKey() + " https://w.example/\n")
	}
	text.WriteString("group two 2 w1 w2 w3\nquorum " + quorum + "\n")
	return must[*Policy](t)(ParsePolicy([]byte(text.String())))
}

func (w *world) sign(t testing.TB, signers ...note.Signer) []byte {
	t.Helper()
	return must[[]byte](t)(note.Sign(&note.Note{Text: w.text}, signers...))
}

func TestQuorum(t *testing.T) {
	w := newWorld(t)
	a, b, c := w.witnesses[0], w.witnesses[1], w.witnesses[2]
	for name, x := range map[string]struct {
		quorum  string
		signers []note.Signer
		want    string // "" for accepted
	}{
		"nobody, none wanted":  {"none", []note.Signer{w.log}, ""},
		"nobody, two wanted":   {"two", []note.Signer{w.log}, "found 0 of 3"},
		"one of two":           {"two", []note.Signer{w.log, a}, "found 1 of 3"},
		"two, of both kinds":   {"two", []note.Signer{w.log, a, b}, ""},
		"all":                  {"two", []note.Signer{w.log, a, b, c}, ""},
		"the one, another one": {"w2", []note.Signer{w.log, a, c}, "found 2 of 3"},
		"witnesses, no log":    {"two", []note.Signer{a, b, c}, "not signed by the log"},
		"a second signature":   {"two", []note.Signer{w.log, w.second, a, b}, ""},
	} {
		s, err := w.policy(t, x.quorum).Open(w.sign(t, x.signers...))
		if x.want == "" && (err != nil || s.Tree.N != 1 || s.Origin != "log.example/a") {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		if x.want != "" && (err == nil || !strings.Contains(err.Error(), x.want)) {
			t.Errorf("%s: %v, want %q", name, err, x.want)
		}
		var short *Short
		if strings.HasPrefix(x.want, "found") != errors.As(err, &short) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := must[Signed](t)(w.policy(t, "two").Open(w.sign(t, w.log, a, b)))
	if s.Since.Unix() != 300 || strings.Join(s.Witnesses, " ") != "w1 w2" {
		t.Errorf("%+v", s)
	}
}

// A log whose Ed25519 key is not known any more is trusted by its ML-DSA-44 key.
func TestSecondSignatureStandsAlone(t *testing.T) {
	w := newWorld(t)
	p := must[*Policy](t)(ParsePolicy(FormatPolicy(w.second.VerifierKey())))
	if _, err := p.Open(w.sign(t, w.log, w.second)); err != nil {
		t.Error(err)
	}
	if _, err := p.Open(w.sign(t, w.log)); err == nil {
		t.Error("accepted without the signature that is trusted")
	}
	other := must[*CosignKey](t)(NewMLDSA44("log.example/b", seed(1), at(100)))
	if _, err := p.Open(w.sign(t, other)); err == nil {
		t.Error("the same key under another name passed")
	}
}

// LED-1: whatever bit of a cosigned proof is changed, it is refused.
func TestEveryBitMatters(t *testing.T) {
	w := newWorld(t)
	// The policy knows every line: what nobody knows proves nothing, and may change.
	text := "log " + w.vkey + "\nlog " + w.second.VerifierKey() + "\nwitness a " + w.witnesses[0].VerifierKey() + "\nwitness s " + w.second.VerifierKey() + "\ngroup all all a s\nquorum all\n"
	if _, err := ParsePolicy([]byte(text)); err == nil {
		t.Fatal("one key is both a log and a witness")
	}
	text = "log " + w.vkey + "\nwitness a " + w.witnesses[0].VerifierKey() + "\nwitness s " + w.second.VerifierKey() + "\ngroup all all a s\nquorum all\n"
	p := must[*Policy](t)(ParsePolicy([]byte(text)))
	data := Proof{Extra: []byte("opening"), Checkpoint: w.sign(t, w.log, w.second, w.witnesses[0])}.Bytes()
	check := func(data []byte) error {
		f, err := Parse(data)
		if err == nil && string(f.Extra) != "opening" { // what it means is its users' to check
			return errors.New("another opening")
		}
		if err == nil {
			_, err = p.Check(f, w.leaf)
		}
		return err
	}
	if err := check(data); err != nil {
		t.Fatal(err)
	}
	for i := range data {
		bits := []int{0, 1, 2, 3, 4, 5, 6, 7}
		if testing.Short() || i > 400 && i < len(data)-400 { // the ML-DSA signature is long
			bits = bits[i%8 : i%8+1]
		}
		for _, bit := range bits {
			bad := bytes.Clone(data)
			bad[i] ^= 1 << bit
			if check(bad) == nil {
				t.Fatalf("bit %d of byte %d (%q) flipped unnoticed", bit, i, data[i])
			}
		}
	}
	for n := range data {
		if check(data[:n]) == nil {
			t.Fatalf("cut to %d of %d bytes unnoticed", n, len(data))
		}
	}
}

func TestKeysAreRead(t *testing.T) {
	w := newWorld(t)
	vkey := w.witnesses[0].VerifierKey()
	for _, bad := range []string{"", "a", "a+b", "a+b+c", "a+00000000+" + vkey[strings.LastIndex(vkey, "+")+1:], vkey + "A", w.vkey, "+" + vkey} {
		if _, err := NewCosigner(bad); err == nil {
			t.Errorf("NewCosigner(%q) succeeded", bad)
		}
	}
	p := w.policy(t, "two")
	if ws := p.Witnesses(); len(ws) != 3 || ws[1].Name != "w2" || ws[1].URL != "https://w.example/" || ws[1].Key.Name() != "south.example/w" {
		t.Errorf("%+v", ws)
	}
	if !p.Trusts(w.vkey) || p.Trusts(w.second.VerifierKey()) {
		t.Error("Trusts does not say whom the policy names")
	}
}

func TestPolicyErrorsNameTheLine(t *testing.T) {
	_, vkey, err := note.GenerateKey(rand.Reader, "a.example")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":        {"", "trusts no log"},
		"no quorum":    {"log " + vkey + "\n", "no quorum"},
		"bad key":      {"log nonsense\n", "line 1"},
		"unknown":      {"log " + vkey + "\nquorum friends\n", "line 2"},
		"same key":     {"log " + vkey + "\nlog " + vkey + "\nquorum none\n", "line 2"},
		"two quorums":  {"log " + vkey + "\nquorum none\nquorum none\n", "line 3"},
		"control char": {"log \x01\n", "line 1"},
		"other word":   {"trust everybody\n", "line 1"},
	} {
		if _, err := ParsePolicy([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(header + "\nextra e30=\nindex 0\n\nx\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"))
	f.Add([]byte(""))
	_, vkey, err := note.GenerateKey(rand.Reader, "a.example")
	if err != nil {
		f.Fatal(err)
	}
	policy, err := ParsePolicy(FormatPolicy(vkey))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := Parse(data); err == nil {
			if _, err := policy.Check(p, tlog.Hash{}); err == nil {
				t.Error("a proof verified that nobody signed")
			}
		}
	})
}

func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte("log a+b+c\nwitness w k\ngroup g 1 w\nquorum g\n"))
	f.Fuzz(func(_ *testing.T, data []byte) { ParsePolicy(data) })
}

func FuzzParseCheckpoint(f *testing.F) {
	f.Add("log.example/a\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := ParseCheckpoint(text); err == nil && c.String() != text {
			t.Errorf("%q is read as %q", text, c)
		}
	})
}

func FuzzNewCosigner(f *testing.F) {
	f.Add("w.example+00000000+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(_ *testing.T, vkey string) { NewCosigner(vkey) })
}
