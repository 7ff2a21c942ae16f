package identity

import (
	"crypto/fips140"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"chaperone.example/internal/fault"
	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/phi"
)

func postForm(t testing.TB, to string, form map[string]string) *http.Request {
	t.Helper()
	v := url.Values{}
	for k, x := range form {
		v.Set(k, x)
	}
	r, err := http.NewRequest("POST", to, strings.NewReader(v.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func (h *hub) form(t testing.TB) map[string]string {
	return map[string]string{"login": ruthLogin, "password": quiet, "code": h.code(t, "u-ruth")}
}

func TestSignIn(t *testing.T) {
	h := open(t)
	srv := h.serve(t)
	b := newBrowser(t, srv)
	if got := b.get("/who"); got != "  |" {
		t.Errorf("before the sign-in: %q", got)
	}
	if status, body := b.post("/in", h.form(t)); status != 200 {
		t.Fatalf("the sign-in: %d %s", status, body)
	}
	if got, want := b.get("/who"), "u-ruth o-a privacy-officer|"+ruthName; got != want {
		t.Errorf("after the sign-in: %q, want %q", got, want)
	}
	b.post("/out", nil)
	if got := b.get("/who"); got != "  |" {
		t.Errorf("after the sign-out: %q", got)
	}
}

// The session that a request is in before the sign-in must not be the one after it
// (session fixation, ASVS 7.2.4), and the one before a sign-out is dead.
func TestTokenIsRenewed(t *testing.T) {
	h := open(t)
	srv := h.serve(t)
	b := newBrowser(t, srv)
	b.post("/in", h.form(t))
	first := b.token(srv)
	h.next()
	if status, body := b.post("/in", h.form(t)); status != 200 {
		t.Fatalf("the second sign-in: %d %s", status, body)
	}
	second := b.token(srv)
	if first == "" || first == second {
		t.Fatalf("the token before %q, after %q", first, second)
	}
	attacker := newBrowser(t, srv)
	with := func(token string) string {
		r, _ := http.NewRequest("GET", srv.URL+"/who", nil)
		r.AddCookie(&http.Cookie{Name: "chaperone-session", Value: token})
		_, body := attacker.do(r)
		return body
	}
	if got := with(first); got != "  |" {
		t.Errorf("the token before the sign-in is %q", got)
	}
	// A token that an attacker planted is not taken over.
	planted := newBrowser(t, srv)
	h.next()
	r := postForm(t, srv.URL+"/in", h.form(t))
	r.AddCookie(&http.Cookie{Name: "chaperone-session", Value: "plantedplantedplantedplantedplanted"})
	planted.do(r)
	if got := planted.token(srv); got == "" || strings.HasPrefix(got, "planted") {
		t.Errorf("the planted token became %q", got)
	}
	if got := with("plantedplantedplantedplantedplanted"); got != "  |" {
		t.Errorf("the planted token is %q", got)
	}
	b.post("/out", nil)
	if got := with(second); got != "  |" {
		t.Errorf("after the sign-out the token is still %q", got)
	}
}

// Whatever is wrong, the answer is the same.
func TestNoEnumeration(t *testing.T) {
	h := open(t)
	if _, err := h.Disable(t.Context(), h.actor(t, "u-ruth"), "u-sam"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.Register(t.Context(), h.actor(t, "u-ruth"), "u-new", Newcomer{"o-a", phi.Analyst, "New Person", "new@alder.example"}); err != nil {
		t.Fatal(err)
	}
	want := ""
	for _, tt := range []struct{ name, login, password, code string }{
		{"unknown", "nobody@alder.example", quiet, "123456"},
		{"no name", "", quiet, "123456"},
		{"wrong password", ruthLogin, "wrong", h.code(t, "u-ruth")},
		{"wrong code", ruthLogin, quiet, "000000"},
		{"no code", ruthLogin, quiet, ""},
		{"no password", ruthLogin, "", h.code(t, "u-ruth")},
		{"disabled", "sam@alder.example", quiet, "123456"},
		{"invited only", "new@alder.example", quiet, "123456"},
		{"a huge password", ruthLogin, strings.Repeat("x", 1<<20), "123456"},
		{"a huge name", strings.Repeat("x", 1<<20), quiet, "123456"},
	} {
		_, err := h.verify(t.Context(), tt.login, tt.password, tt.code)
		if want == "" {
			want = err.Error()
		}
		if !fault.Is(err, fault.Forbidden) || err.Error() != want {
			t.Errorf("%s: %v, want %s", tt.name, err, want)
		}
	}
}

// An unknown name costs a hash like a known one: the medians may differ by less than
// a third of one.
func TestUnknownNameTakesAsLong(t *testing.T) {
	h := open(t)
	median := func(login string) time.Duration {
		var all []time.Duration
		for range 9 {
			start := time.Now()
			if _, err := h.verify(t.Context(), login, "wrong", "000000"); err == nil {
				t.Fatal("a wrong password was accepted")
			}
			all = append(all, time.Since(start))
			h.clock.Advance(2 * time.Hour)
		}
		for i := range all {
			for j := range i {
				if all[i] < all[j] {
					all[i], all[j] = all[j], all[i]
				}
			}
		}
		return all[len(all)/2]
	}
	known, unknown := median(ruthLogin), median("nobody@alder.example")
	if unknown < known/3 {
		t.Errorf("an unknown name takes %v, a known one %v: it is not compared with the decoy", unknown, known)
	}
	h.Pad = 150 * time.Millisecond
	if got := median("nobody@alder.example"); got < 150*time.Millisecond {
		t.Errorf("a failed sign-in takes %v, less than it is padded to", got)
	}
}

// Variants of one sign-in name, as an attacker would write them to get a fresh
// counter (Vault CVE-2025-6004).
func TestLockoutIgnoresSpelling(t *testing.T) {
	h := open(t)
	for _, login := range []string{
		ruthLogin,
		strings.ToUpper(ruthLogin),
		"  " + ruthLogin + "\t",
		"ruth. zzcanary@alder.example",
		"ruth.zz\u200bcanary@alder.example",     // zero-width space
		"ｒｕｔｈ.zzcanary@alder.example",           // full width
		"ruth.zzcanary@alder.exa\u00admple",     // soft hyphen
		"\ufeffruth.zzcanary@alder.example",     // byte order mark
		"ruth.zzcanary@alder.example\u00a0",     // no-break space
		"ruth.zzcanary\ufe0f@alder.example",     // variation selector
		"\u202eruth.zzcanary@alder.example",     // right to left
		"ruth.zzcanary＠alder．example",           // full-width signs
		"ruth.zzcanary@alder.example\x00",       // control character
		"ruth.zzcanary@alder.example\xff",       // not text
		"\U000e0001ruth.zzcanary@alder.example", // tag
		"ruth.zzcanary@alder.ex\u034fample",     // combining grapheme joiner
	} {
		if normalise(login) != normalise(ruthLogin) {
			t.Errorf("%q is another name than %q", login, ruthLogin)
		}
		if _, err := h.verify(t.Context(), login, "wrong", "000000"); err == nil {
			t.Fatal("a wrong password was accepted")
		}
	}
	u := h.user(t, "u-ruth")
	if u.Failures != tolerated || !u.Locked.Equal(h.clock.Now().Add(firstWait)) {
		t.Fatalf("after 16 spellings: %d failures, locked until %v", u.Failures, u.Locked)
	}
	// The right password does not help while it waits.
	if _, err := h.verify(t.Context(), ruthLogin, quiet, h.code(t, "u-ruth")); err == nil {
		t.Error("a locked account was signed in to")
	}
	if got := h.user(t, "u-ruth").Failures; got != tolerated {
		t.Errorf("while it waits failures are recorded: %d", got)
	}
	h.clock.Advance(firstWait)
	if _, err := h.verify(t.Context(), ruthLogin, quiet, h.code(t, "u-ruth")); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	if u := h.user(t, "u-ruth"); u.Failures != 0 || !u.Locked.IsZero() {
		t.Errorf("after the sign-in: %d failures, locked until %v", u.Failures, u.Locked)
	}
}

func TestWaitDoubles(t *testing.T) {
	for n, want := range map[int]time.Duration{1: 0, 4: 0, 5: 30 * time.Second, 6: time.Minute, 7: 2 * time.Minute, 11: 32 * time.Minute, 12: time.Hour, 1_000_000: time.Hour} {
		if got := wait(n); got != want {
			t.Errorf("wait(%d) = %v, want %v", n, got, want)
		}
	}
}

// Guesses at the same time are put in a row by the ledger: once five have failed, what
// is right does not count either.
func TestLockoutInParallel(t *testing.T) {
	h := open(t)
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if _, err := h.verify(t.Context(), ruthLogin, "wrong", "000000"); !fault.Is(err, fault.Forbidden) || err.Error() != errSignIn().Error() {
				t.Errorf("a wrong password: %v", err)
			}
		})
	}
	wg.Wait()
	if u := h.user(t, "u-ruth"); u.Failures != tolerated || u.Locked.IsZero() {
		t.Errorf("%d failures were recorded, locked until %v", u.Failures, u.Locked)
	}
	a := h.actor(t, "u-ruth")
	if _, err := ledger.Do(t.Context(), h.Desk, a, Kind, "u-ruth", signIn{"s-1", h.clock.Now().Unix() / period}); err == nil {
		t.Error("what was checked before the fifth failure was let in after it")
	}
}

// A code is accepted once: again, with spaces, in full-width digits, an earlier one,
// and by many at the same time (ASVS 6.5.1).
func TestCodeIsUsedOnce(t *testing.T) {
	h := open(t)
	before := h.code(t, "u-ruth")
	h.next()
	code := h.code(t, "u-ruth")
	if _, err := h.verify(t.Context(), ruthLogin, quiet, code[:3]+" "+code[3:]); err != nil {
		t.Fatalf("the first use: %v", err)
	}
	full := strings.Map(func(c rune) rune { return c - '0' + '０' }, code)
	for name, c := range map[string]string{"again": code, "with a space": code[:3] + " " + code[3:], "full width": full, "the one before": before} {
		if _, err := h.verify(t.Context(), ruthLogin, quiet, c); err == nil {
			t.Errorf("%s: the code was accepted", name)
		}
	}
	h.next()
	h.next()
	code = h.code(t, "u-ruth")
	won := make(chan bool, 20)
	var wg sync.WaitGroup
	for range 4 { // below the lockout
		wg.Go(func() {
			_, err := h.verify(t.Context(), strings.ToUpper(ruthLogin), quiet, code)
			won <- err == nil
		})
	}
	wg.Wait()
	close(won)
	n := 0
	for ok := range won {
		if ok {
			n++
		}
	}
	if n != 1 {
		t.Errorf("a code was accepted %d times at once, want 1", n)
	}
}

// Without the turns, the ledger alone must refuse the second of two.
func TestLedgerRefusesUsedStep(t *testing.T) {
	h := open(t)
	step := h.clock.Now().Unix() / period
	a := h.actor(t, "u-ruth")
	if _, err := ledger.Do(t.Context(), h.Desk, a, Kind, "u-ruth", signIn{"s-1", step}); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Do(t.Context(), h.Desk, a, Kind, "u-ruth", signIn{"s-2", step}); err == nil {
		t.Error("a used step was accepted")
	}
}

func TestCodeDrift(t *testing.T) {
	h := open(t)
	code := h.code(t, "u-ruth")
	for _, tt := range []struct {
		moved time.Duration
		ok    bool
	}{{0, true}, {30 * time.Second, true}, {60 * time.Second, false}, {-30 * time.Second, true}, {-60 * time.Second, false}} {
		_, ok, err := authenticator{secret, algorithm()}.check(code, h.clock.Now().Add(tt.moved))
		if ok != tt.ok || err != nil {
			t.Errorf("a code %v later: %v, %v, want %v", tt.moved, ok, err, tt.ok)
		}
	}
}

// RFC 6238, appendix B, the last six of the eight digits.
func TestAuthenticatorVectors(t *testing.T) {
	sha1 := "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	sha256 := "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA"
	for _, tt := range []struct {
		at                int64
		secret, alg, want string
	}{
		{59, sha1, "SHA1", "287082"}, {1111111109, sha1, "SHA1", "081804"}, {20000000000, sha1, "SHA1", "353130"},
		{59, sha256, "SHA256", "119246"}, {1111111109, sha256, "SHA256", "084774"}, {20000000000, sha256, "SHA256", "737706"},
	} {
		if tt.alg == "SHA1" && fips140.Enforced() {
			continue
		}
		got, err := authenticator{tt.secret, tt.alg}.code(tt.at / period)
		if err != nil || got != tt.want {
			t.Errorf("the %s code at %d = %s, %v, want %s", tt.alg, tt.at, got, err, tt.want)
		}
	}
}

func TestIdleTimeout(t *testing.T) {
	h := open(t)
	srv := h.serve(t)
	b := newBrowser(t, srv)
	b.post("/in", h.form(t))
	for range 3 { // used, it stays
		h.clock.Advance(14 * time.Minute)
		if got := b.get("/who"); !strings.HasPrefix(got, "u-ruth") {
			t.Fatalf("a session in use ended: %q", got)
		}
	}
	h.clock.Advance(15 * time.Minute)
	if got := b.get("/who"); got != "  |" {
		t.Errorf("after 15 minutes without use: %q", got)
	}
}

func TestLifetime(t *testing.T) {
	h := open(t)
	srv := h.serve(t)
	b := newBrowser(t, srv)
	b.post("/in", h.form(t))
	for range 71 {
		h.clock.Advance(10 * time.Minute)
		b.get("/who")
	}
	if got := b.get("/who"); !strings.HasPrefix(got, "u-ruth") {
		t.Fatalf("after 11 h 50 min of use: %q", got)
	}
	h.clock.Advance(10 * time.Minute)
	if got := b.get("/who"); got != "  |" {
		t.Errorf("after 12 hours of use: %q", got)
	}
}

// Disabling somebody ends every session and token within a second (ASVS 7.4.2).
func TestDisableEndsEverything(t *testing.T) {
	h := open(t)
	srv := h.serve(t)
	var all []*browser
	for range 3 {
		b := newBrowser(t, srv)
		if status, body := b.post("/in", h.form(t)); status != 200 {
			t.Fatalf("%d %s", status, body)
		}
		all = append(all, b)
		h.next()
	}
	token, _, _, err := h.Token(t.Context(), ruthLogin, quiet, h.code(t, "u-ruth"))
	if err != nil {
		t.Fatal(err)
	}
	if got := bearer(t, srv.URL, token); got != "u-ruth" {
		t.Fatalf("the token is %q", got)
	}
	start := time.Now()
	keeper := h.actor(t, "u-sam")
	keeper.Role = string(phi.Administrator)
	if _, err := h.Disable(t.Context(), keeper, "u-ruth"); err != nil {
		t.Fatal(err)
	}
	for i, b := range all {
		if got := b.get("/who"); got != "  |" {
			t.Errorf("session %d lives on: %q", i, got)
		}
	}
	if got := bearer(t, srv.URL, token); got != "" {
		t.Errorf("the token lives on: %q", got)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("it took %v", took)
	}
	h.next()
	if _, err := h.verify(t.Context(), ruthLogin, quiet, h.code2(t)); err == nil {
		t.Error("a disabled person signed in")
	}
}

// code2 computes the code of the secret that everybody in the tests has.
func (h *hub) code2(t testing.TB) string {
	c, err := authenticator{secret, algorithm()}.code(h.clock.Now().Unix() / period)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func bearer(t *testing.T, to, token string) string {
	t.Helper()
	r, err := http.NewRequest("GET", to+"/api/v1/who", nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	b := &browser{t: t, c: http.DefaultClient, url: to}
	_, body := b.do(r)
	return body
}

func TestBearer(t *testing.T) {
	h := open(t)
	srv := h.serve(t)
	token, expires, _, err := h.Token(t.Context(), ruthLogin, quiet, h.code(t, "u-ruth"))
	if err != nil || len(token) < 43 || !expires.Equal(h.clock.Now().Add(12*time.Hour)) {
		t.Fatalf("Token = %d characters, %v, %v", len(token), expires, err)
	}
	for _, tt := range []struct{ name, token, want string }{{"right", token, "u-ruth"}, {"none", "", ""}, {"wrong", token[1:] + "x", ""}} {
		if got := bearer(t, srv.URL, tt.token); got != tt.want {
			t.Errorf("with the %s token: %q, want %q", tt.name, got, tt.want)
		}
	}
	h.clock.Advance(15 * time.Minute)
	if got := bearer(t, srv.URL, token); got != "" {
		t.Errorf("after 15 minutes without use: %q", got)
	}
}

// The API takes no cookie: a foreign page could make the browser send it.
func TestAPITakesNoCookie(t *testing.T) {
	h := open(t)
	srv := h.serve(t)
	b := newBrowser(t, srv)
	b.post("/in", h.form(t))
	if got := b.get("/api/v1/who"); got != "" {
		t.Errorf("the API took the cookie of %q", got)
	}
}

// A new credential ends the sessions of the old one (ASVS 7.4.3), and the lost
// password is worth nothing.
func TestInvitation(t *testing.T) {
	h := open(t)
	srv := h.serve(t)
	b := newBrowser(t, srv)
	b.post("/in", h.form(t))
	keeper := h.actor(t, "u-bea")
	keeper.Org, keeper.ID = "o-a", "u-other"
	invitation, _, err := h.Invite(t.Context(), keeper, "u-ruth")
	if err != nil {
		t.Fatal(err)
	}
	e, err := h.Enrol(t.Context(), strings.ToLower(strings.ReplaceAll(invitation, "-", " ")))
	if err != nil {
		t.Fatal(err)
	}
	fresh := authenticator{strings.ReplaceAll(e.Secret, " ", ""), algorithm()}
	code, err := fresh.code(h.clock.Now().Unix() / period)
	if err != nil {
		t.Fatal(err)
	}
	const loud = "eleven brass owls applaud"
	for name, tt := range map[string]struct {
		invitation, password, code string
		want                       fault.Kind
	}{
		"a wrong invitation":   {"AAAA-BBBB-CCCC-DDDD-EEEE", loud, code, fault.Refused},
		"no invitation":        {"", loud, code, fault.Refused},
		"a short password":     {invitation, "short", code, fault.Invalid},
		"the own name":         {invitation, "Ruth Zzcanarysson", code, fault.Invalid},
		"a wrong code":         {invitation, loud, "000000", fault.Invalid},
		"the old secret's one": {invitation, loud, h.code2(t), fault.Invalid},
	} {
		if err := h.Join(t.Context(), tt.invitation, tt.password, tt.code); !fault.Is(err, tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	if got := b.get("/who"); !strings.HasPrefix(got, "u-ruth") {
		t.Errorf("before the invitation is taken up the session ended: %q", got)
	}
	if err := h.Join(t.Context(), invitation, loud, code); err != nil {
		t.Fatal(err)
	}
	if err := h.Join(t.Context(), invitation, loud, code); !fault.Is(err, fault.Refused) {
		t.Errorf("the invitation a second time: %v, want refused", err)
	}
	if got := b.get("/who"); got != "  |" {
		t.Errorf("the session of the old credentials lives on: %q", got)
	}
	if _, err := h.verify(t.Context(), ruthLogin, loud, code); err == nil {
		t.Error("the code that proved the authenticator was accepted again")
	}
	h.next()
	code, _ = fresh.code(h.clock.Now().Unix() / period)
	if _, err := h.verify(t.Context(), ruthLogin, quiet, code); err == nil {
		t.Error("the old password was accepted")
	}
	if _, err := h.verify(t.Context(), ruthLogin, loud, code); err != nil {
		t.Errorf("the new credentials: %v", err)
	}
}

func TestInvitationExpires(t *testing.T) {
	h := open(t)
	invitation, _, err := h.Register(t.Context(), h.actor(t, "u-ruth"), "u-new", Newcomer{"o-a", phi.Analyst, "New Person", "new@alder.example"})
	if err != nil {
		t.Fatal(err)
	}
	h.clock.Advance(invitationLife - time.Second)
	if _, err := h.Enrol(t.Context(), invitation); err != nil {
		t.Errorf("a second before the end: %v", err)
	}
	h.clock.Advance(time.Second)
	if _, err := h.Enrol(t.Context(), invitation); !fault.Is(err, fault.Refused) {
		t.Errorf("at the end: %v, want refused", err)
	}
	people, err := ledger.Ask(t.Context(), h.Desk, h.actor(t, "u-ruth"), People{})
	if err != nil || len(people) != 3 || people[0].Name != "New Person" || people[0].Status != Expired {
		t.Errorf("People = %+v, %v", people, err)
	}
}

func TestRegister(t *testing.T) {
	h := open(t)
	ruth, admin := h.actor(t, "u-ruth"), h.actor(t, "u-hub")
	for _, tt := range []struct {
		name  string
		actor ledger.Actor
		n     Newcomer
		want  fault.Kind
	}{
		{"a colleague", ruth, Newcomer{"o-a", phi.Analyst, "A B", "ab@alder.example"}, ""},
		{"by a steward", h.actor(t, "u-sam"), Newcomer{"o-a", phi.Analyst, "A C", "ac@alder.example"}, fault.Forbidden},
		{"a taken name", ruth, Newcomer{"o-a", phi.Analyst, "A D", "RUTH.ZZCANARY@alder.example "}, fault.Refused},
		{"no name", ruth, Newcomer{"o-a", phi.Analyst, " ", "ae@alder.example"}, fault.Invalid},
		{"no sign-in name", ruth, Newcomer{"o-a", phi.Analyst, "A E", "\u200b"}, fault.Invalid},
		{"an unknown role", ruth, Newcomer{"o-a", "superuser", "A E", "ae@alder.example"}, fault.Invalid},
		{"for another hospital", ruth, Newcomer{"o-b", phi.Administrator, "A F", "af@birch.example"}, fault.NotFound},
		{"for no organization", ruth, Newcomer{"o-z", phi.Administrator, "A F", "af@birch.example"}, fault.NotFound},
		{"the operator, into a hospital that has people", admin, Newcomer{"o-b", phi.Administrator, "A G", "ag@birch.example"}, fault.Refused},
		{"the operator, somebody else than an administrator", admin, Newcomer{"o-c", phi.Analyst, "A H", "ah@cedar.example"}, fault.Refused},
		{"the operator, the first administrator", admin, Newcomer{"o-c", phi.Administrator, "A H", "ah@cedar.example"}, ""},
	} {
		_, _, err := h.Register(t.Context(), tt.actor, "u-"+strings.ReplaceAll(tt.name, " ", "-"), tt.n)
		if tt.want == "" && err != nil || tt.want != "" && !fault.Is(err, tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// People of another organization, and nobody, are the same.
func TestOtherPeopleAreUnknown(t *testing.T) {
	h := open(t)
	ruth := h.actor(t, "u-ruth")
	for name, do := range map[string]func(id string) error{
		"disable": func(id string) error { _, err := h.Disable(t.Context(), ruth, id); return err },
		"enable":  func(id string) error { _, _, err := h.Enable(t.Context(), ruth, id); return err },
		"invite":  func(id string) error { _, _, err := h.Invite(t.Context(), ruth, id); return err },
	} {
		foreign, random := do("u-bea"), do("u-zzz")
		if !fault.Is(foreign, fault.NotFound) || foreign.Error() != random.Error() {
			t.Errorf("%s: another organization's person: %v; nobody: %v", name, foreign, random)
		}
	}
	got, err := ledger.Ask(t.Context(), h.Desk, ruth, probe{"u-sam", "u-bea", "u-zzz"})
	if err != nil || len(got) != 1 || got["u-sam"] != "Sam Steward" {
		t.Errorf("Names = %v, %v", got, err)
	}
}

// A steward is neither told who the people are nor may end a colleague's access.
func TestOwnAccountOnly(t *testing.T) {
	h := open(t)
	sam := h.actor(t, "u-sam")
	if _, err := ledger.Ask(t.Context(), h.Desk, sam, People{}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("People: %v, want forbidden", err)
	}
	const key = "age1yhm4gctwfmrpz87tdslm550wrx6m79y9f2hdzt0lndjnehwj0ukqrjpyx5"
	if _, err := ledger.Do(t.Context(), h.Desk, sam, Kind, "u-ruth", RegisterRecipient{key}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a key for a colleague: %v, want not found", err)
	}
	if _, err := ledger.Do(t.Context(), h.Desk, sam, Kind, "u-sam", RegisterRecipient{key}); err != nil {
		t.Errorf("an own key: %v", err)
	}
	me, err := ledger.Ask(t.Context(), h.Desk, sam, Me{})
	if err != nil || me.Recipient != key || me.Name != "Sam Steward" {
		t.Errorf("Me = %+v, %v", me, err)
	}
}

func TestEndSession(t *testing.T) {
	h := open(t)
	srv := h.serve(t)
	a, b := newBrowser(t, srv), newBrowser(t, srv)
	a.post("/in", h.form(t))
	h.next()
	b.post("/in", h.form(t))
	open, err := h.Store.Of(t.Context(), "u-ruth")
	if err != nil || len(open) != 2 {
		t.Fatalf("sessions: %v, %v", open, err)
	}
	if err := h.EndSession(t.Context(), h.actor(t, "u-sam"), open[0].ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("a colleague's session: %v, want not found", err)
	}
	for _, s := range open {
		if err := h.EndSession(t.Context(), h.actor(t, "u-ruth"), s.ID); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range []*browser{a, b} {
		if got := x.get("/who"); got != "  |" {
			t.Errorf("an ended session lives on: %q", got)
		}
	}
}

// Neither names, sign-in names, passwords, secrets nor codes are in the files of the
// ledger or of the sessions.
func TestNoPersonalDetailInTheLedger(t *testing.T) {
	h := open(t)
	srv := h.serve(t)
	b := newBrowser(t, srv)
	code := h.code(t, "u-ruth")
	b.post("/in", map[string]string{"login": ruthLogin, "password": "zzcanary wrong password", "code": code})
	b.post("/in", h.form(t))
	token := b.token(srv)
	invitation, _, err := h.Register(t.Context(), h.actor(t, "u-ruth"), "u-new", Newcomer{"o-a", phi.Analyst, "Zzcanary Newcomer", "zzcanary.new@alder.example"})
	if err != nil {
		t.Fatal(err)
	}
	if token == "" {
		t.Fatal("no session was made")
	}
	n := 0
	for _, pattern := range []string{"ledger.db*", "session.db*", "vault/*"} {
		files, err := filepath.Glob(filepath.Join(h.dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				continue // a folder
			}
			n++
			low := strings.ToLower(string(data))
			for _, s := range []string{"zzcanary", ruthLogin, quiet, secret, invitation, strings.ReplaceAll(invitation, "-", ""), token} {
				if strings.Contains(low, strings.ToLower(s)) {
					t.Errorf("%s holds %q", filepath.Base(f), s)
				}
			}
		}
	}
	if n < 3 {
		t.Errorf("only %d files were searched", n)
	}
}

func TestViewRebuilds(t *testing.T) {
	h := open(t)
	ruth := h.actor(t, "u-ruth")
	if _, err := h.Disable(t.Context(), ruth, "u-sam"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.Enable(t.Context(), ruth, "u-sam"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.verify(t.Context(), ruthLogin, quiet, h.code(t, "u-ruth")); err != nil {
		t.Fatal(err)
	}
	ledgertest.CheckRebuild(t, h.log)
}

func TestBootstrap(t *testing.T) {
	h := open(t)
	code, err := Bootstrap(t.Context(), h.log, h.vault, "u-first", Newcomer{"o-c", phi.Administrator, "First Person", "first@cedar.example"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Enrol(t.Context(), code); err != nil {
		t.Errorf("the printed invitation: %v", err)
	}
	if err := Populate(t.Context(), h.log, h.vault, "u-ruth", Newcomer{"o-a", phi.Analyst, "X Y", "xy@alder.example"}, quiet, secret); !fault.Is(err, fault.Conflict) {
		t.Errorf("populating an id twice: %v, want a conflict", err)
	}
	if _, err := h.verify(t.Context(), ruthLogin, quiet, h.code(t, ruthLogin)); err != nil {
		t.Errorf("the credentials after the conflict: %v", err)
	}
	if _, _, err := Code(t.Context(), h.log.DB(), h.vault, "nobody", h.clock.Now()); !fault.Is(err, fault.NotFound) {
		t.Errorf("Code(nobody): %v, want not found", err)
	}
}
