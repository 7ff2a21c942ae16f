package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const markPlan = `{"data":"stays","purpose":"research","pseudonyms":["patient_token"],
"carriers":[{"column":"charge","kind":"round","unit":10},{"column":"zip","kind":"withhold","share":0.1}]}`

// marked marks a synthetic table for two recipients.
func marked(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	var b strings.Builder
	b.WriteString("patient_token,zip,dx1,charge\n")
	for i := range 4000 {
		fmt.Fprintf(&b, "t-%d,%03d,I%02d.%d,%d.%02d\n", i, i%17+10, i/40, i%10, i*37%9000+100, i%100)
	}
	for name, text := range map[string]string{"in.csv": b.String(), "plan.json": markPlan} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, who := range []string{"north", "south"} {
		args := []string{"mark", "--plan", dir + "/plan.json", "--key", dir + "/key", "--recipient", who, "--in", dir + "/in.csv", "--out", dir + "/" + who + ".csv", "--record", dir + "/" + who + ".json"}
		if who == "north" {
			args = append(args, "--new-key")
		}
		if _, said, code := command(t, args...); code != exitOK || !strings.Contains(said, "4000 rows marked for "+who) {
			t.Fatalf("exit code %d, said %q", code, said)
		}
	}
	return dir
}

// REL-1: a leak names its recipient.
func TestTraceNamesTheRecipient(t *testing.T) {
	dir := marked(t)
	against := []string{"--key", dir + "/key", "--against", dir + "/north.json", "--against", dir + "/south.json"}
	if out, said, code := command(t, append([]string{"trace", dir + "/south.csv"}, against...)...); code != exitOK || !strings.HasPrefix(out, "south\n") || strings.Contains(out, "north") || !strings.Contains(out, "odds 10^") || said != "" {
		t.Errorf("exit code %d, out %q, said %q", code, out, said)
	}
	out, _, code := command(t, append([]string{"trace", "--json", dir + "/north.csv"}, against...)...)
	var found struct{ Named []struct{ Recipient string } }
	if err := json.Unmarshal([]byte(out), &found); err != nil || code != exitOK || len(found.Named) != 1 || found.Named[0].Recipient != "north" {
		t.Errorf("exit code %d, %v, %s", code, err, out)
	}
	if _, said, code := command(t, append([]string{"trace", dir + "/in.csv"}, against...)...); code != exitFailed || !strings.Contains(said, "none of the 2 recipients") {
		t.Errorf("unmarked data: exit code %d, said %q", code, said)
	}
	table, err := os.ReadFile(dir + "/north.csv")
	if err != nil {
		t.Fatal(err)
	}
	post := write(t, "post.txt", "look at this: \""+strings.Join(strings.Split(string(table), "\n")[7:9], " and ")) // no table any more
	if out, said, code := command(t, append([]string{"trace", post}, against...)...); code != exitOK || !strings.HasPrefix(out, "north\n") || !strings.Contains(said, "not a table") {
		t.Errorf("ids in a text: exit code %d, out %q, said %q", code, out, said)
	}
}

func TestMarkLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	care := write(t, "plan.json", strings.Replace(markPlan, "research", "treatment", 1))
	good := write(t, "plan.json", markPlan)
	key := write(t, "key", strings.Repeat("k", 32))
	for name, tt := range map[string]struct{ plan, key, in, want string }{
		"care data":  {care, key, "patient_token,zip,dx1,charge\nt,010,I10,5\n", "treatment"},
		"short row":  {good, key, "patient_token,zip,dx1,charge\nt,010,I10,5\nt,SECRET\n", "line 3"},
		"no column":  {good, key, "patient_token,zip,dx1\nt,010,I10\n", "charge"},
		"a bad key":  {good, write(t, "key", "short"), "patient_token,zip,dx1,charge\n", "32 bytes"},
		"empty file": {good, key, "", "empty"},
	} {
		in := write(t, "in.csv", tt.in)
		_, said, code := command(t, "mark", "--plan", tt.plan, "--key", tt.key, "--recipient", "r", "--in", in, "--out", dir+"/out.csv", "--record", dir+"/record.json")
		if code != exitBadFile || !strings.Contains(said, tt.want) || strings.Contains(said, "SECRET") {
			t.Errorf("%s: exit code %d, said %q", name, code, said)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s: left behind: %v, %v", name, left, err)
		}
	}
	if _, said, code := command(t, "mark", "--plan", good, "--key", key, "--new-key", "--recipient", "r", "--in", good, "--out", dir+"/o", "--record", dir+"/r"); code != exitBadFile || !strings.Contains(said, "exists") {
		t.Errorf("a new key over an old one: exit code %d, said %q", code, said)
	}
}
