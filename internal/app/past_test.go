package app_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"chaperone.example/internal/identity"
	"chaperone.example/internal/web/webtest"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/proof"
	"chaperone.example/phi"
)

// asOf adds a moment to an address.
func asOf(target, moment string) string {
	sep := "?"
	if strings.Contains(target, "?") {
		sep = "&"
	}
	return target + sep + "as-of=" + url.QueryEscape(moment)
}

// DEC-1: every page and every GET of the API answers as of before the first record, as of
// its middle and as of now, on both clocks: it is never an internal error, and as of the
// newest record it says what it says now.
func TestEveryAddressAsOf(t *testing.T) {
	w := theWorld(t)
	h, err := w.Log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, r := range table() {
		if r.method() != http.MethodGet || r.kind(t) == "tile" || r.section() == "static" || r.insider() == "" {
			continue
		}
		id := ""
		if kind := r.kind(t); kind == "position" {
			id = w.position(t, alder)
		} else if kind != "" && len(w.of[alder][kind]) > 0 {
			id = w.of[alder][kind][0]
		}
		who := one(alder, r.insider())
		for _, moment := range []string{"2024-01-01", fmt.Sprint("#", h.N/2), fmt.Sprint("#", h.N-1)} {
			for _, clock := range []string{"", "&as-of-clock=happened"} {
				a := w.ask(t, who, "GET", asOf(r.at(id), moment)+clock, body{})
				seen++
				if a.Code >= 500 || a.Code == http.StatusForbidden {
					t.Errorf("%s as of %s%s: %d %.300s", r.Pattern, moment, clock, a.Code, mainWords(a))
				}
				if kind := a.Header().Get("Content-Type"); strings.HasPrefix(kind, "text/html") && a.Code == http.StatusOK && r.Pattern != "GET /as-of" && r.Pattern != "GET /sign-in" && r.Pattern != "GET /join" {
					if !strings.Contains(a.Body.String(), "nothing can be changed here") || strings.Contains(strings.ReplaceAll(a.Body.String(), `action="/sign-out"`, ""), `method="post" action`) {
						t.Errorf("%s as of %s%s: no banner, or a form that changes something", r.Pattern, moment, clock)
					}
				}
			}
		}
		if r.kind(t) != "" {
			continue
		}
		// The newest moment is now.
		then, now := w.ask(t, who, "GET", asOf(r.at(id), fmt.Sprint("#", h.N-1)), body{}), w.ask(t, who, "GET", r.at(id), body{})
		if then.Code != now.Code {
			t.Errorf("%s: %d as of the newest record, %d now", r.Pattern, then.Code, now.Code)
		}
	}
	t.Logf("%d addresses", seen)
}

// DEC-1, IAM-2: a hub of its own, since it is changed.
func TestThePastOfAHub(t *testing.T) {
	c := newClock()
	h, err := open(t.Context(), t.TempDir(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := h.populate(t.Context(), map[string]string{collab: "Collaborative Zyx", alder: "Alder Hospital Zyx", birch: "Birch Hospital Zyx"}, collab); err != nil {
		t.Fatal(err)
	}
	c.pass(48 * time.Hour)
	before := c.now()
	c.pass(time.Hour)
	id, err := h.offer(alder, collab, "baa", true)
	if err != nil {
		t.Fatal(err)
	}
	c.pass(time.Hour)
	officer, steward, admin := one(alder, phi.PrivacyOfficer), one(alder, phi.DataSteward), one(collab, phi.Administrator)
	page := func(who person, target string, status int) string {
		t.Helper()
		a := h.ask(t, who, "GET", target, body{})
		if a.Code != status {
			t.Errorf("%v GET %s: %d, want %d: %.300s", who, target, a.Code, status, mainWords(a))
		}
		return a.Body.String()
	}

	// As of before the offer, there is none; after it, there is.
	then := before.Format(time.RFC3339)
	if now := page(officer, "/agreements", 200); !strings.Contains(now, id) || strings.Contains(now, "nothing can be changed") {
		t.Error("the agreement is not shown now, or now is taken for the past")
	}
	if seen := page(officer, asOf("/agreements", then), 200); strings.Contains(seen, id) || !strings.Contains(seen, "nothing can be changed here") {
		t.Error("the agreement is shown as of before its offer, or there is no banner")
	}
	page(officer, asOf("/agreements/"+id, then), 404)
	page(officer, asOf("/api/v1/agreements/"+id, then), 404)
	page(officer, "/api/v1/agreements/"+id, 200)
	if seen := page(officer, asOf("/agreements", c.now().Format(time.RFC3339)), 200); !strings.Contains(seen, id) || !strings.Contains(seen, url.QueryEscape(c.now().Format(time.RFC3339))) {
		t.Error("the agreement is not shown as of now, or its links forget the moment")
	}
	// In the middle: offered, and signed by nobody.
	var offered int64
	for r, err := range h.Log.All(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Type == "agreement.offered" {
			offered = r.Seq
		}
		if r.Type == "agreement.signed" {
			break
		}
	}
	if seen := page(officer, asOf("/api/v1/agreements/"+id, fmt.Sprint("#", offered)), 200); strings.Contains(seen, "agreement.signed") || strings.Contains(seen, `"status":"active"`) {
		t.Errorf("as of its offer, the agreement was signed: %s", seen)
	}

	// What is no moment, and what is yet to come, is refused in words.
	for moment, want := range map[string]string{
		"2031-01-01": "yet to come", c.now().Add(time.Minute).Format(time.RFC3339): "yet to come", "yesterday": "that is no moment", "2026-13-40": "that is no moment",
		"#99999999": "no record 99999999 yet", "#x": "no number of a record", "0001-01-01": "check the year",
	} {
		if seen := page(officer, asOf("/agreements", moment), 422); !strings.Contains(seen, want) {
			t.Errorf("as of %s: it does not say %q", moment, want)
		}
		if seen := page(officer, asOf("/api/v1/agreements", moment), 422); !strings.Contains(seen, want) || !strings.Contains(seen, `"code":"invalid"`) {
			t.Errorf("API as of %s: %s", moment, seen)
		}
	}
	page(officer, "/agreements?as-of=2025-03-03&as-of=2025-03-04", 422)
	page(officer, "/agreements?as-of-clock=happened", 422)
	page(officer, "/agreements?as-of=2025-03-03&as-of-clock=sundial", 422)

	// Nothing is changed in the past.
	left := h.trace(t)
	for _, target := range []string{"/agreements/" + id + "/terminate", "/api/v1/agreements/" + id + "/terminate"} {
		b := body{formType, "reason=convenience&confirm=yes"}
		if isAPI(target) {
			b = body{jsonType, `{"reason":"convenience"}`}
		}
		if a := h.ask(t, officer, "POST", asOf(target, then), b); a.Code != http.StatusConflict {
			t.Errorf("POST %s in the past: %d", target, a.Code)
		}
	}
	if got := h.trace(t); got != left {
		t.Errorf("something was written in the past: %+v, before %+v", got, left)
	}

	// The control leads to the page, as of then, in the zone that was chosen.
	a := h.ask(t, officer, "GET", "/as-of?"+url.Values{"to": {"/agreements?show=waiting"}, "day": {before.Format(time.DateOnly)}, "time": {"09:30"}, "zone": {"America/New_York"}, "clock": {"happened"}}.Encode(), body{})
	if want := "/agreements?as-of=2025-03-05T09%3A30%3A00-05%3A00&as-of-clock=happened&show=waiting"; a.Code != 303 || a.Header().Get("Location") != want {
		t.Errorf("the control: %d %s, want %s", a.Code, a.Header().Get("Location"), want)
	}
	for _, wrong := range []url.Values{
		{"to": {"/agreements"}, "day": {""}}, {"to": {"/agreements"}, "day": {"2031-01-01"}, "zone": {"UTC"}}, {"to": {"/agreements"}, "day": {"2025-03-04"}, "zone": {"Local"}},
		{"to": {"/agreements"}, "day": {"2025-03-04"}, "zone": {"UTC"}, "time": {"25:00"}},
	} {
		if a := h.ask(t, officer, "GET", "/as-of?"+wrong.Encode(), body{}); a.Code != 422 {
			t.Errorf("the control takes %v: %d", wrong, a.Code)
		}
	}
	if a := h.ask(t, officer, "GET", "/as-of?"+url.Values{"to": {"//evil.example/"}, "day": {"2025-03-04"}, "zone": {"UTC"}}.Encode(), body{}); !strings.HasPrefix(a.Header().Get("Location"), "/?as-of=") {
		t.Errorf("the control leads to %s", a.Header().Get("Location"))
	}

	// Who has no access now does not see the past in which they had it, and who was given a
	// task has it for the past, too: permissions are those of now.
	late := person{Actor: steward.Actor, name: steward.name, login: steward.login}
	page(late, asOf("/datasets", then), 200)
	if err := do(h, officer, identity.Kind, late.ID, identity.Disable{}); err != nil {
		t.Fatal(err)
	}
	if a := h.ask(t, visitor, "GET", asOf("/datasets", then), body{}); a.Code != 303 || !strings.HasPrefix(a.Header().Get("Location"), "/sign-in") {
		t.Errorf("a visitor as of then: %d %s", a.Code, a.Header().Get("Location"))
	}
	r := h.request(t, "GET", asOf("/datasets", then), body{})
	present(r, h.tokens[late.ID])
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, r)
	if w.Code == http.StatusOK {
		t.Error("a person whose access was ended sees the past in which they had it")
	}
	page(admin, asOf("/disclosures", then), 403) // no administrator reads the disclosure log, now or then
	page(admin, asOf("/api/v1/disclosures", then), 403)
}

// LED-1: the proofs behind a thing verify offline, by the policy of the hub. Of another
// organization's thing there are none, and that is the answer for what nobody has.
func TestProve(t *testing.T) {
	w := theWorld(t)
	steward := one(alder, phi.DataSteward)
	policy, err := proof.ParsePolicy(w.Policy)
	if err != nil {
		t.Fatal(err)
	}
	for kind, prefix := range map[string]string{"request": "request/", "agreement": "agreement/", "dataset": "dataset/", "release": "release/", "user": "user/"} {
		stream := prefix + w.of[alder][kind][0]
		target := "/ledger/prove?stream=" + url.QueryEscape(stream)
		a := w.ask(t, steward, "GET", target, body{})
		if a.Code != 200 || !strings.Contains(a.Body.String(), "Download the proofs") {
			t.Errorf("GET %s: %d", target, a.Code)
		}
		a = w.ask(t, steward, "GET", strings.Replace(target, "prove?", "prove.zip?", 1), body{})
		z, err := zip.NewReader(bytes.NewReader(a.Body.Bytes()), int64(a.Body.Len()))
		if err != nil {
			t.Fatal(err)
		}
		version := 0
		for _, f := range z.File {
			if !strings.HasSuffix(f.Name, ".tlog-proof") {
				continue
			}
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			p, err := proof.Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			v, err := audit.Proof(policy, p)
			if err != nil || v.Record.Stream != stream || v.Record.Version != version+1 {
				t.Errorf("%s of %s: version %d after %d, %v", f.Name, stream, v.Record.Version, version, err)
			}
			version++
		}
		if version == 0 {
			t.Errorf("%s: no proofs", stream)
		}
		for _, route := range []string{"/ledger/prove?stream=", "/ledger/prove.zip?stream=", "/api/v1/ledger/prove?stream="} {
			foreign := w.ask(t, one(birch, phi.DataSteward), "GET", route+url.QueryEscape(stream), body{})
			nobody := w.ask(t, one(birch, phi.DataSteward), "GET", route+url.QueryEscape(prefix+random(kind)), body{})
			if foreign.Code != 404 || nobody.Code != 404 || !isAPI(route) && mainWords(foreign) != mainWords(nobody) || isAPI(route) && foreign.Body.String() != nobody.Body.String() {
				t.Errorf("%s%s: another organization is answered %d %s, and of what nobody has %d %s", route, stream, foreign.Code, mainWords(foreign), nobody.Code, mainWords(nobody))
			}
		}
	}
}

// The control, the banner and Prove, as a person uses them: without a script, on a desk
// and on a phone.
func TestThePastInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: it opens pages in Chromium")
	}
	w := theWorld(t)
	srv := httptest.NewUnstartedServer(nil)
	srv.Config = w.Server()
	srv.Start()
	t.Cleanup(srv.Close)
	b := webtest.Browser(t)
	officer := one(alder, phi.PrivacyOfficer)
	b.Cookie(t, srv.URL, cookieName, w.token(t, officer))
	request, stream := w.of[alder]["request"][1], url.QueryEscape("request/"+w.of[alder]["request"][1])
	h, err := w.Log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	newest := fmt.Sprint("#", h.N-1)
	for name, target := range map[string]string{
		"past-request": asOf("/requests/"+request, newest), "past-list": asOf("/requests", newest), "past-empty": asOf("/requests", "2024-01-01"),
		"past-choose": "/as-of?to=/requests", "prove-request": "/ledger/prove?stream=" + stream,
	} {
		b.Sound(t, srv.URL+target, name, http.StatusOK)
	}
	b.Sound(t, srv.URL+asOf("/requests", "yesterday"), "past-wrong", http.StatusUnprocessableEntity)

	b.NoScript(t, true)
	b.Open(t, srv.URL+"/requests")
	b.Click(t, ".asof summary")
	b.Screenshot(t, 1280, "past-control")
	b.Screenshot(t, 320, "past-control-phone")
	b.NoOverflow(t, 320)
	if got := b.Follow(t, ".asof button"); got != http.StatusUnprocessableEntity { // no day yet
		t.Errorf("the control without a day: %d", got)
	}
	b.Open(t, srv.URL+asOf("/requests", newest))
	b.Follow(t, "main table a")
	if path := b.Path(t); !strings.HasPrefix(path, "/requests/") || !strings.Contains(b.Text(t, ".past"), "nothing can be changed here") {
		t.Errorf("a link of the past leads to %s: %s", path, b.Text(t, "main"))
	}
	b.Follow(t, "a.prove")
	if text := b.Text(t, "main"); !strings.Contains(text, "Download the proofs") {
		t.Errorf("Prove leads to %s", text)
	}
	b.Follow(t, "a[data-now]")
	if text := b.Text(t, "main"); strings.Contains(text, "nothing can be changed here") {
		t.Errorf("back to now, it is still the past")
	}
}
