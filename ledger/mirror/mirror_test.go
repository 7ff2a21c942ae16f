package mirror

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"chaperone.example/ledger/ledgertest"
	"chaperone.example/ledger/proof"
	"chaperone.example/ledger/tiles"
	"chaperone.example/ledger/tree"
)

func TestPath(t *testing.T) {
	for want, got := range map[string]string{
		"tile/0/000":                 Path(0, 0, 256),
		"tile/1/x001/x234/067.p/12":  Path(1, 1234067, 12),
		"tile/entries/273.p/112":     Path(-1, 273, 112),
		"tile/entries/x001/x234/067": Path(-1, 1234067, 256),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// copied mirrors a ledger of n records over its handler.
func copied(t testing.TB, n int) (fstest.MapFS, *proof.Policy) {
	t.Helper()
	s := ledgertest.Stores()[0]
	c, vkey := ledgertest.Counting(t, s.Open(t, s.Fresh(t)))
	c.Views = nil
	d := ledgertest.Desk(t, c)
	ledgertest.Do(t, d, "1", ledgertest.Begin{With: "south"})
	for range n - 1 {
		ledgertest.Do(t, d, "1", ledgertest.Add{By: 1})
	}
	h := tiles.Handler(d.Log, func(_ context.Context, err error) { t.Error(err) })
	dir := fstest.MapFS{}
	get := func(path string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/"+path, nil))
		data, err := io.ReadAll(w.Result().Body)
		if err != nil || w.Code != http.StatusOK {
			t.Fatalf("%s: %d, %v", path, w.Code, err)
		}
		dir[path] = &fstest.MapFile{Data: data}
	}
	get("checkpoint")
	for i := 0; i < n; i += tree.Width {
		get(Path(-1, int64(i/tree.Width), min(tree.Width, n-i)))
		get(Path(0, int64(i/tree.Width), min(tree.Width, n-i)))
	}
	if n >= tree.Width {
		get(Path(1, 0, n/tree.Width))
	}
	policy, err := proof.ParsePolicy(proof.FormatPolicy(vkey))
	if err != nil {
		t.Fatal(err)
	}
	return dir, policy
}

// LED-1: what is copied from the standard interface verifies, and no byte of it can be
// changed.
func TestMirror(t *testing.T) {
	dir, policy := copied(t, 300)
	if s, err := Verify(dir, policy); err != nil || s.Tree.N != 300 {
		t.Fatalf("%+v, %v", s, err)
	}
	step := 0
	for name, f := range dir {
		for i := range f.Data {
			if step++; step%131 != 0 && name != "checkpoint" {
				continue
			}
			bad := maps.Clone(dir)
			data := bytes.Clone(f.Data)
			data[i] ^= 1 << (step % 8)
			bad[name] = &fstest.MapFile{Data: data}
			if _, err := Verify(bad, policy); err == nil {
				t.Errorf("byte %d of %s changed unnoticed", i, name)
			}
		}
	}
	for _, name := range []string{"checkpoint", Path(-1, 0, 256), Path(-1, 1, 44), Path(0, 0, 256)} {
		bad := maps.Clone(dir)
		delete(bad, name)
		if _, err := Verify(bad, policy); err == nil {
			t.Errorf("without %s: unnoticed", name)
		}
	}
}

func FuzzVerify(f *testing.F) {
	dir, policy := copied(f, 3)
	good := dir[Path(-1, 0, 3)].Data
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add([]byte("\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		bad := maps.Clone(dir)
		bad[Path(-1, 0, 3)] = &fstest.MapFile{Data: data}
		if _, err := Verify(bad, policy); err == nil && !bytes.Equal(data, good) {
			t.Error("other entries verified")
		}
	})
}
