package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chaperone.example/internal/app"
	"chaperone.example/internal/identity"
	"chaperone.example/internal/org"
	"chaperone.example/law"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/phi"
)

// A server is a process of "chaperone serve".
type server struct {
	*exec.Cmd
	url  string
	said *journal
}

// A journal is what a process prints.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

var serving = regexp.MustCompile(`serving (http://\S+)`)

// start runs a hub and waits until it serves.
func start(t *testing.T, program string, env []string, args ...string) *server {
	t.Helper()
	s := &server{Cmd: exec.Command(program, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...), said: &journal{}}
	s.Env, s.Stdout, s.Stderr = append(s.Environ(), env...), s.said, s.said
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Process.Kill(); s.Wait() })
	for range 600 {
		if m := serving.FindStringSubmatch(s.said.String()); m != nil {
			s.url = m[1]
			return s
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("it does not serve: %s", s.said)
	return nil
}

// call sends a command or question to the API and reads the answer into out.
func (s *server) call(method, path, token string, in, out any) (int, error) {
	var b io.Reader = http.NoBody
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return 0, err
		}
		b = bytes.NewReader(data)
	}
	r, err := http.NewRequest(method, s.url+"/api/v1"+path, b)
	if err != nil {
		return 0, err
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer a.Body.Close()
	data, err := io.ReadAll(a.Body)
	if err == nil && out != nil && a.StatusCode < 300 {
		err = json.Unmarshal(data, out)
	}
	return a.StatusCode, err
}

type newcomer struct {
	Name string   `json:"name"`
	Is   []string `json:"is"`
}

// names lists the organizations that a server knows.
func (s *server) names(t *testing.T, token string) map[string]bool {
	t.Helper()
	var all []struct{ Name string }
	if code, err := s.call("GET", "/organizations", token, nil, &all); err != nil || code != http.StatusOK {
		t.Fatalf("%s answers %d, %v: %s", s.url, code, err, s.said)
	}
	out := map[string]bool{}
	for _, o := range all {
		out[o.Name] = true
	}
	return out
}

// Two hubs on one PostgreSQL database and one data folder: what one acknowledged the
// other shows at once, a session of one is good at the other, and when one is killed
// nothing that was acknowledged is lost (LED-1, bar 4).
func TestTwoHubsOnOneDatabase(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: it builds and kills the program")
	}
	database := ledgertest.Stores()[1].Fresh(t)
	program := filepath.Join(t.TempDir(), "chaperone")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	place := app.Place{Dir: t.TempDir(), Database: database}
	const login, pass = "admin@collaborative.example", "nine quiet goats abide"
	found := func() error {
		a, err := app.Open(t.Context(), app.Config{Place: place})
		if err != nil {
			return err
		}
		_, err = org.Found(t.Context(), a.Log, "o-hub", "The Collaborative", "", law.Associate)
		if err == nil {
			err = identity.Populate(t.Context(), a.Log, a.Vault, "u-admin", identity.Newcomer{Org: "o-hub", Role: phi.Administrator, Name: "Admin", Login: login}, pass, "")
		}
		return errors.Join(err, a.Close())
	}
	if err := found(); err != nil {
		t.Fatal(err)
	}
	env := []string{"CHAPERONE_DATABASE=" + database}
	a, b := start(t, program, env, "--dir", place.Dir), start(t, program, env, "--dir", place.Dir)

	people, err := app.People(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	defer people.Close()
	code, _, err := identity.Code(t.Context(), people.DB, people.Vault, login, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var in struct{ Token string }
	if status, err := a.call("POST", "/sign-in", "", map[string]string{"login": login, "password": pass, "code": code}, &in); err != nil || status != http.StatusOK {
		t.Fatalf("signing in is answered %d, %v: %s", status, err, a.said)
	}
	// Back and forth: each sees at once what the other acknowledged.
	for i := range 6 {
		name := fmt.Sprintf("Hospital %d", i)
		to, from := a, b
		if i%2 == 1 {
			to, from = b, a
		}
		if status, err := to.call("POST", "/organizations", in.Token, newcomer{name, []string{"covered-entity"}}, nil); err != nil || status != http.StatusCreated {
			t.Fatalf("%s is answered %d, %v: %s", name, status, err, to.said)
		}
		if !from.names(t, in.Token)[name] {
			t.Errorf("the other hub does not show %s", name)
		}
	}
	// Both write at once, and one is killed in the middle of it.
	var mu sync.Mutex
	var acknowledged []string
	var dead atomic.Bool
	var wg sync.WaitGroup
	for i := range 16 {
		to := a
		if i%2 == 1 {
			to = b
		}
		wg.Go(func() {
			for n := range 12 {
				name := fmt.Sprintf("Clinic %d of %d", n, i)
				status, err := to.call("POST", "/organizations", in.Token, newcomer{name, []string{"covered-entity"}}, nil)
				switch {
				case err == nil && status == http.StatusCreated:
					mu.Lock()
					acknowledged = append(acknowledged, name)
					mu.Unlock()
				case to == b:
					t.Errorf("the hub that lives answers %d, %v", status, err)
				case err != nil && dead.Load():
					return
				default:
					t.Errorf("%s: %d, %v", name, status, err)
				}
			}
		})
	}
	for {
		mu.Lock()
		n := len(acknowledged)
		mu.Unlock()
		if n >= 40 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	dead.Store(true)
	a.Process.Kill()
	a.Wait()
	wg.Wait()
	shown := b.names(t, in.Token)
	for _, name := range acknowledged {
		if !shown[name] {
			t.Errorf("%s was acknowledged, and is lost", name)
		}
	}
	if len(acknowledged) < 8*12 {
		t.Errorf("only %d were acknowledged", len(acknowledged))
	}
	rep, err := app.Audit(t.Context(), place, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d acknowledged, %d records", len(acknowledged), rep.Tree.N)
	for _, s := range []*server{a, b} {
		if strings.Contains(s.said.String(), "level=ERROR") {
			t.Errorf("it logs %s", s.said)
		}
	}
}
