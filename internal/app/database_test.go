package app_test

import (
	"bytes"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chaperone.example/internal/app"
	"chaperone.example/internal/fault"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/ledger/migrate"
	"chaperone.example/ledger/pack"
	"chaperone.example/ledger/proof"
	"chaperone.example/phi"
)

// freshDatabase makes an empty PostgreSQL database and returns its address.
func freshDatabase(t testing.TB) string {
	t.Helper()
	return ledgertest.Stores()[1].Fresh(t)
}

// The whole story on PostgreSQL: agreements, datasets, requests, releases, downloads;
// then pages, rebuild, audit and export, and the same views from the same events on
// SQLite (LED-1, bars 4 and 7).
func TestTheStoryOnPostgreSQL(t *testing.T) {
	p := app.Place{Dir: t.TempDir(), Database: freshDatabase(t)}
	w, err := build(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	ledgertest.CheckRebuild(t, w.Log)
	for _, page := range []string{"/", "/requests?side=asked", "/releases", "/datasets", "/agreements", "/organizations", "/ledger", "/disclosures"} {
		if a := w.ask(t, one(alder, phi.PrivacyOfficer), http.MethodGet, page, body{}); a.Code != http.StatusOK && a.Code != http.StatusForbidden {
			t.Errorf("%s is answered %d", page, a.Code)
		}
	}
	live, err := audit.Views(t.Context(), w.Log) // signing in is an event
	if err != nil {
		t.Fatal(err)
	}
	policy, err := proof.ParsePolicy(w.Policy)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := app.Audit(t.Context(), p, policy)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := w.Export(t.Context(), &b, "", false); err != nil {
		t.Fatal(err)
	}
	if v, err := pack.Verify(bytes.NewReader(b.Bytes()), policy); err != nil || v.Tree != rep.Tree {
		t.Errorf("the pack: %+v, %v", v.Tree, err)
	}

	// The same events in the embedded database, under the same keys.
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	src, err := p.OpenToRead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	twin := app.Place{Dir: t.TempDir()}
	if err := os.CopyFS(twin.Dir, os.DirFS(p.Dir)); err != nil {
		t.Fatal(err)
	}
	dst, err := twin.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrate.Copy(t.Context(), src, dst, nil); err != nil {
		t.Fatal(err)
	}
	if err := dst.Close(); err != nil {
		t.Fatal(err)
	}
	h, err := openAt(t.Context(), twin, w.clock)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if err := h.Log.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	other, err := audit.Views(t.Context(), h.Log)
	if err != nil {
		t.Fatal(err)
	}
	if head, err := h.Log.Head(t.Context()); err != nil || head != rep.Tree {
		t.Errorf("the root on SQLite is %v, on PostgreSQL %v (%v)", head, rep.Tree, err)
	}
	for _, table := range slices.Sorted(maps.Keys(live)) {
		if !bytes.Equal(live[table], other[table]) {
			t.Errorf("the table %s differs between PostgreSQL and SQLite", table)
		}
	}
	if len(live) != len(other) || len(live) < 10 {
		t.Errorf("%d tables on PostgreSQL, %d on SQLite", len(live), len(other))
	}
	// A folder has one ledger: with both, nobody could say which goes on.
	if _, err := app.Open(t.Context(), app.Config{Place: app.Place{Dir: twin.Dir, Database: p.Database}}); !fault.Is(err, fault.Refused) {
		t.Errorf("a folder with a ledger of its own opens a database: %v", err)
	}
}

// A ledger is opened with its own keys only, a hub is not made by mistake, and no error
// shows the password.
func TestWrongDatabases(t *testing.T) {
	ctx := t.Context()
	for _, p := range []app.Place{{Dir: t.TempDir()}, {Dir: t.TempDir(), Database: "?"}} {
		if p.Database != "" {
			p.Database = freshDatabase(t)
		}
		t.Run(map[bool]string{true: "SQLite", false: "PostgreSQL"}[p.Database == ""], func(t *testing.T) {
			none := p
			none.Dir = filepath.Join(t.TempDir(), "mistyped")
			if _, err := app.Open(ctx, app.Config{Place: none, Existing: true}); !fault.Is(err, fault.NotFound) {
				t.Errorf("where there is no hub: %v", err)
			}
			h, err := openAt(ctx, p, newClock())
			if err != nil {
				t.Fatal(err)
			}
			if err := h.populate(ctx, map[string]string{collab: "Collaborative Zyx"}); err != nil {
				t.Fatal(err)
			}
			if err := h.Close(); err != nil {
				t.Fatal(err)
			}
			if p.Database != "" {
				if _, err := app.Open(ctx, app.Config{Place: none, Existing: true}); !fault.Is(err, fault.NotFound) {
					t.Errorf("another folder, to serve: %v", err)
				}
			}
			if _, err := os.Stat(none.Dir); !os.IsNotExist(err) {
				t.Errorf("a folder was made: %v", err)
			}
			other := p
			other.Dir = t.TempDir()
			if p.Database == "" { // the ledger of one folder, the keys of another
				data, err := os.ReadFile(filepath.Join(p.Dir, "ledger.db"))
				if err == nil {
					err = os.WriteFile(filepath.Join(other.Dir, "ledger.db"), data, 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if _, err := app.Open(ctx, app.Config{Place: other}); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "other keys") {
				t.Errorf("another folder: %v", err)
			}
		})
	}
	const password = "sesame-zyx"
	for _, address := range []string{
		"postgres://user:" + password + "@127.0.0.1:1/hub", "postgres://user:" + password + "@host:port/hub", "mysql://user:" + password + "@host/hub",
		"postgres://user:" + password + "@127.0.0.1:1/", "host=127.0.0.1 port=1 password=" + password, "postgres://user:" + password + "@%zz/hub",
	} {
		_, err := app.Open(ctx, app.Config{Place: app.Place{Dir: t.TempDir(), Database: address}})
		if err == nil || strings.Contains(err.Error(), password) {
			t.Errorf("%s: %v", strings.ReplaceAll(address, password, "…"), err)
		}
	}
	// Names that are ordered by a locale would come out otherwise than from SQLite.
	u, err := url.Parse(freshDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	db := ledgertest.Stores()[1].Open(t, u.String())
	name := strings.Trim(u.Path, "/") + "_latin"
	if _, err := db.ExecContext(ctx, `create database `+name+` template template0 encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'`); err != nil {
		t.Fatal(err)
	}
	defer db.ExecContext(ctx, `drop database `+name)
	u.Path = "/" + name
	if _, err := app.Open(ctx, app.Config{Place: app.Place{Dir: t.TempDir(), Database: u.String()}}); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "LATIN1") {
		t.Errorf("a database of another encoding: %v", err)
	}
}
