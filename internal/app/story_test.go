package app_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chaperone.example/internal/web/webtest"
	"chaperone.example/phi"
	"filippo.io/age"
)

// A visit is somebody at a browser. It goes where links and buttons lead, by the words
// on them, and types no address but the first.
type visit struct {
	consortium
	*webtest.Tab
	shots int
}

// press follows the link or button with these words, inside the part of the page that
// the CSS selector names, and expects a page.
func (v *visit) press(t testing.TB, within, words string) {
	t.Helper()
	v.lead(t, http.StatusOK, within, words)
}

// lead follows it to an answer of that status.
func (v *visit) lead(t testing.TB, status int, within, words string) {
	t.Helper()
	v.mark(t, within, words)
	if got := v.Follow(t, "[data-press]"); got != status {
		t.Fatalf("%q leads to %s, which is answered %d, want %d: %.600s", words, v.Path(t), got, status, v.Text(t, "main"))
	}
}

// mark finds the first link, button or label with these words, or else that begins with
// them.
func (v *visit) mark(t testing.TB, within, words string) {
	t.Helper()
	script := fmt.Sprintf(`(() => {
		document.querySelectorAll("[data-press]").forEach(e => e.removeAttribute("data-press"));
		const all = [...document.querySelectorAll(%[1]q)].flatMap(p => [...p.querySelectorAll("a, button, label, summary")]).map(e => [e, e.innerText.trim().replace(/\s+/g, " ")]);
		const e = (all.find(x => x[1] === %[2]q) || all.find(x => x[1].startsWith(%[2]q)) || [])[0];
		if (!e) return "it has: " + all.map(x => x[1]).join(" | ");
		e.setAttribute("data-press", "");
		return "";
	})()`, within, words)
	if got := webtest.Eval[string](t, v.Tab, script); got != "" {
		t.Fatalf("%s has nothing to press in %s with the words %q: %s", v.Path(t), within, words, got)
	}
}

// tick presses the label of a box or a choice.
func (v *visit) tick(t testing.TB, words string) {
	t.Helper()
	v.mark(t, "main", words)
	v.Click(t, "[data-press]")
}

// choose takes the option with these words of a list.
func (v *visit) choose(t testing.TB, field, words string) {
	t.Helper()
	script := fmt.Sprintf(`(() => {
		const s = document.querySelector('select[name="%s"]'), o = s && [...s.options].find(o => o.text.trim().startsWith(%q));
		if (!o) return false;
		s.value = o.value; s.dispatchEvent(new Event("change", {bubbles: true}));
		return true;
	})()`, field, words)
	if !webtest.Eval[bool](t, v.Tab, script) {
		t.Fatalf("%s has no list %s with %q", v.Path(t), field, words)
	}
}

// day fills in a date, which a browser's own control splits into parts.
func (v *visit) day(t testing.TB, field, day string) {
	t.Helper()
	if !webtest.Eval[bool](t, v.Tab, fmt.Sprintf(`(e => { if (!e) return false; e.value = %q; return e.value !== "" })(document.querySelector('[name=%q]'))`, day, field)) {
		t.Fatalf("%s has no date %s", v.Path(t), field)
	}
}

// says expects words on the page.
func (v *visit) says(t testing.TB, words ...string) {
	t.Helper()
	text := strings.Join(strings.Fields(v.Text(t, "main")), " ")
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s does not say %q: %.1500s", v.Path(t), w, text)
		}
	}
}

// look checks a page that is no answer to an address alone, and keeps a picture of it.
func (v *visit) look(t testing.TB, name string) {
	t.Helper()
	v.Size(t, 1280)
	v.Axe(t)
	v.shots++
	v.Screenshot(t, 1280, fmt.Sprintf("story-%02d-%s", v.shots, name))
	v.Size(t, 1280)
}

// enter signs a person in through the page, after whoever was there has signed out.
func (v *visit) enter(t testing.TB, p person) {
	t.Helper()
	if webtest.Eval[bool](t, v.Tab, `!!document.querySelector(".who button")`) {
		v.press(t, ".who", "Sign out")
		v.says(t, "You are signed out.")
	}
	code, err := v.code(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	v.Fill(t, "login", p.login)
	v.Fill(t, "password", secret)
	v.Fill(t, "code", code)
	v.press(t, "main", "Sign in")
}

// sign signs the first version of the agreement that the page shows.
func (v *visit) sign(t testing.TB) {
	t.Helper()
	v.press(t, "main", "Sign version 1")
	v.tick(t, "I have read version 1")
	v.look(t, "sign")
	v.press(t, "main form", "Sign version 1")
	v.says(t, "Your signature was recorded.")
}

// fetched returns what a link on the page leads to, as the browser gets it.
func (v *visit) fetched(t testing.TB, words string) []byte {
	t.Helper()
	v.mark(t, "main", words)
	return []byte(webtest.Eval[string](t, v.Tab, `fetch(document.querySelector("[data-press]").href).then(r => r.ok ? r.text() : "answered " + r.status)`))
}

// The whole story in a browser, by clicking: a collaborative offers an agreement, a
// hospital signs and registers a dataset, a coordinator asks, a steward approves and
// builds, the package is fetched, and the officer finds the disclosure and takes a
// proof of it away (AGR-1 AGR-2 DAT-1 DAT-2 REQ-1 REQ-2 REQ-3 REL-1 REL-2 LED-1 IAM-1).
func TestStoryInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: it walks the story in Chromium")
	}
	c := newConsortium(t)
	v := &visit{consortium: c, Tab: webtest.Browser(t)}
	hubOfficer, officer := one(collab, phi.PrivacyOfficer), one(alder, phi.PrivacyOfficer)
	steward, coordinator := one(alder, phi.DataSteward), one(collab, phi.QualityCoordinator)
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	path, err := source(0, "encounters.csv")
	if err != nil {
		t.Fatal(err)
	}
	chapter := func(name string, tell func(t *testing.T)) {
		if !t.Failed() {
			t.Run(name, tell)
		}
	}

	chapter("offer and sign", func(t *testing.T) {
		v.Open(t, c.url+"/agreements")
		if got := v.Path(t); got != "/sign-in?next=%2Fagreements" {
			t.Errorf("a visitor is led to %s", got)
		}
		v.enter(t, hubOfficer)
		if got := v.Path(t); got != "/agreements" {
			t.Errorf("signed in, the person is led to %s", got)
		}
		v.press(t, "main", "Offer an agreement")
		v.press(t, "main", "Use this template")
		v.says(t, "Offer: Business associate agreement")
		v.choose(t, "other", "Alder Hospital Zyx")
		v.look(t, "offer")
		v.press(t, "main", "Offer agreement")
		v.says(t, "The offer was sent.", "Waiting for signatures")
		v.sign(t)
		v.enter(t, officer)
		v.look(t, "home-with-something-to-sign")
		v.press(t, "nav", "Agreements")
		v.press(t, "main tbody", "Business associate agreement")
		v.sign(t)
		v.says(t, "In force")
		v.look(t, "in-force")
	})

	chapter("register a dataset", func(t *testing.T) {
		v.enter(t, steward)
		v.press(t, "nav", "Datasets")
		v.press(t, "main", "Register a dataset")
		v.lead(t, http.StatusUnprocessableEntity, "main", "Register dataset")
		v.says(t, "Enter a title.")
		v.look(t, "dataset-with-problems")
		v.Fill(t, "title", "Encounters 2024")
		v.Fill(t, "system", "Synthetic generator")
		v.choose(t, "source", "Electronic health record")
		v.tick(t, "Encounter extract")
		v.tick(t, "Yes")
		v.press(t, "main", "Register dataset")
		v.says(t, "Now send its file.")

		bad := filepath.Join(t.TempDir(), "Zyxmann.csv")
		if err := os.WriteFile(bad, []byte("encounter_key,hospital_id\n1,2"), 0o600); err != nil {
			t.Fatal(err)
		}
		v.Fill(t, "file", bad)
		v.lead(t, http.StatusUnprocessableEntity, "main", "Send file")
		v.says(t, "Nothing of the file was kept", "Line 1", "discharge_dt")
		v.look(t, "file-with-problems")
		v.Fill(t, "file", path)
		v.press(t, "main", "Send file")
		v.says(t, "The file was accepted and sealed.")
		v.press(t, "main", "Confirm classification")
		v.says(t, "The dataset is ready for use.")
		v.look(t, "dataset-ready")
	})

	chapter("ask", func(t *testing.T) {
		v.enter(t, coordinator)
		v.press(t, ".who", coordinator.name)
		v.Fill(t, "key", key.Recipient().String())
		v.press(t, "main", "Register key")
		v.says(t, "Your key is registered.")
		v.press(t, "nav", "Requests")
		v.press(t, "main", "Ask for data")
		v.lead(t, http.StatusUnprocessableEntity, "main", "Send request")
		v.look(t, "request-with-problems")
		v.Fill(t, "project", "Fewer readmissions")
		v.choose(t, "discloser", "Alder Hospital Zyx")
		v.choose(t, "purpose", "Health care operations")
		v.choose(t, "activity", "Quality assessment")
		v.Fill(t, "statement", "Count unplanned readmissions within 30 days of discharge, by service.")
		v.Click(t, `[name="class"][value="I"]`)
		v.day(t, "from", "2024-01-01")
		v.day(t, "until", "2024-12-31")
		for _, e := range wanted {
			v.Click(t, fmt.Sprintf("input[type=checkbox][value=%q]", e))
		}
		v.tick(t, "Limited data set")
		v.Fill(t, "why", "Days between discharge and the next admission are needed.")
		v.tick(t, coordinator.name)
		v.Fill(t, "retention", "365")
		v.press(t, "main", "Send request")
		v.says(t, "The request was sent and decided", "10 of the 11 elements", "8 stay as they are, 2 are given in a less identifying way, 1 is withheld.", "To get more")
		v.look(t, "decided")
	})

	chapter("approve and build", func(t *testing.T) {
		v.enter(t, steward)
		v.says(t, "1 request awaits your decision")
		v.press(t, "main", "Decide")
		v.press(t, "main tbody", "Fewer readmissions")
		v.lead(t, http.StatusUnprocessableEntity, "main", "Approve request")
		v.says(t, "Choose at least one dataset")
		v.tick(t, "Encounters 2024")
		v.press(t, "main", "Approve request")
		v.says(t, "The request is approved.")
		v.press(t, "main", "Build the release")
		v.look(t, "release-draft")
		v.press(t, "main", "Build and offer")
		v.says(t, "The package is built and encrypted to its recipients.", "On offer until")
	})

	chapter("fetch", func(t *testing.T) {
		v.enter(t, coordinator)
		v.press(t, "nav", "Releases")
		v.press(t, "main tbody", "From Alder Hospital Zyx")
		v.says(t, "Ready for you to fetch")
		v.look(t, "release-to-fetch")
		// What the button's form is answered, as this browser gets it with this session.
		v.mark(t, "main", "Download")
		sealed, err := base64.StdEncoding.DecodeString(webtest.Eval[string](t, v.Tab, `fetch(document.querySelector("[data-press]").form.action, {method: "POST"}).then(r => r.arrayBuffer()).then(a => btoa(Array.from(new Uint8Array(a), c => String.fromCharCode(c)).join("")))`))
		if err != nil {
			t.Fatal(err)
		}
		files := unseal(t, key, sealed)
		if len(files["data-1.csv"]) == 0 {
			t.Errorf("the package holds %d files, and no data", len(files))
		}
		noPatients(t, files)
		v.press(t, "nav", "Releases")
		v.says(t, "Fetched")
	})

	chapter("account and prove", func(t *testing.T) {
		v.enter(t, officer)
		v.press(t, "nav", "Disclosures")
		v.says(t, "Alder Hospital Zyx to Collaborative Zyx")
		v.press(t, "main", "Account to a patient")
		v.Fill(t, "identifier", releasedPatient(t))
		v.press(t, "main", "Make the accounting")
		v.says(t, "Collaborative Zyx")
		if strings.Contains(v.Path(t), releasedPatient(t)) {
			t.Error("the patient is in the address")
		}
		v.look(t, "accounting")
		v.press(t, "nav", "Disclosures")
		v.press(t, "main tbody td[data-label=Record]", "")
		v.says(t, "What was recorded")
		evidence := v.fetched(t, "Prove it")
		policy := v.fetched(t, "Policy file")
		verdict, err := verified(policy, evidence)
		if err != nil || !strings.Contains(verdict.Record.Type, "download") {
			t.Errorf("the proof from the page: %+v, %v", verdict.Record, err)
		}
		if _, err := verified(policy, bytes.Replace(evidence, []byte("\n"), []byte("\n "), 3)); err == nil {
			t.Error("changed, it verifies")
		}
	})

	chapter("end", func(t *testing.T) {
		v.press(t, "nav", "Agreements")
		v.press(t, "main tbody", "Business associate agreement")
		v.press(t, "main", "Terminate")
		v.tick(t, "Convenience")
		v.tick(t, "Terminate this agreement")
		v.look(t, "terminate")
		v.press(t, "main form", "Terminate agreement")
		v.says(t, "The termination was recorded.")
		v.enter(t, coordinator)
		v.press(t, "nav", "Releases")
		v.press(t, "main tbody", "From Alder Hospital Zyx")
		if webtest.Eval[bool](t, v.Tab, `[...document.querySelectorAll("main button")].some(b => b.innerText.startsWith("Download"))`) {
			t.Error("after the agreement has ended the package is still to be had")
		}
		v.look(t, "barred")
	})
	c.nobodyLogged(t)
}
