// Package witness asks witnesses to cosign the heads of a ledger (C2SP tlog-witness),
// beside the appends and never in their way: a witness that is down, slow or refuses
// holds nobody up. A witness that cosigned cannot be made to forget, so that a ledger
// that was rewritten or cut back is found by everybody who asks for its cosignature.
package witness

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"chaperone.example/ledger/proof"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A Log is the ledger whose heads are cosigned.
type Log interface {
	Checkpoint(ctx context.Context) ([]byte, error)
	Consistency(ctx context.Context, from, to int64) (tlog.TreeProof, error)
	Cosigned(ctx context.Context, checkpoint []byte) error
	Grown() <-chan struct{}
}

// A Refusal is what a witness answers that will not cosign: the log is unknown to it
// (404), its signature is (403), or its history is not the one that the witness saw
// (409, 422). The last is an alarm.
type Refusal struct {
	Witness string
	Status  int
	Size    int64 // that the witness saw, if it said so
}

func (r *Refusal) Error() string {
	what := map[int]string{
		http.StatusNotFound: "does not know this ledger: give its operator the policy", http.StatusForbidden: "does not know the key of this ledger",
		http.StatusConflict: "saw another history", http.StatusUnprocessableEntity: "found that the history was rewritten",
	}[r.Status]
	if what == "" {
		what = "refused"
	}
	return fmt.Sprintf("witness %s %s (status %d)", r.Witness, what, r.Status)
}

// Rewritten reports whether a witness says that the ledger is not the one it knew.
func (r *Refusal) Rewritten() bool {
	return r.Status == http.StatusUnprocessableEntity || r.Status == http.StatusConflict
}

// A Collector collects cosignatures of the witnesses that a policy names with a URL.
type Collector struct {
	Log    Log
	Policy *proof.Policy
	Client *http.Client // with a timeout: a slow witness is a witness that is down
	// Report is told what a witness answered, nil when it cosigned.
	Report func(witness string, err error)
	// Pause is how long the collector waits between two heads: one cosignature covers
	// all that was recorded meanwhile. A second if zero.
	Pause time.Duration

	mu   sync.Mutex
	seen map[string]int64 // the size that each witness cosigned last
}

// Run collects until ctx ends: whenever the ledger has grown, and every minute for
// those who were down.
func (c *Collector) Run(ctx context.Context) {
	pause := c.Pause
	if pause == 0 {
		pause = time.Second
	}
	for ctx.Err() == nil {
		grown := c.Log.Grown()
		if err := c.Collect(ctx); err != nil && ctx.Err() == nil {
			c.report("", err)
		}
		wait(ctx, nil, pause)
		wait(ctx, grown, time.Minute)
	}
}

func wait(ctx context.Context, c <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-c:
	case <-t.C:
	case <-ctx.Done():
	}
}

func (c *Collector) report(witness string, err error) {
	if c.Report != nil {
		c.Report(witness, err)
	}
}

// A Behind reports that a witness saw more of the ledger than the database holds, or
// something else. Writing to it would fork the history.
type Behind struct {
	Witness string
	Have    int64 // records in the database
	Seen    int64 // records that the witness saw; not more than Have if it saw others
}

func (b *Behind) Error() string {
	if b.Seen > b.Have {
		return fmt.Sprintf("ledger: the database holds %d records, but witness %s saw %d: it was restored from a backup or cut off; nothing is written to it, since that would fork the history", b.Have, b.Witness, b.Seen)
	}
	return fmt.Sprintf("ledger: the database holds %d records, but they are not those that witness %s saw: it was rewritten, or belongs to another ledger; nothing is written to it", b.Have, b.Witness)
}

// Compare asks every witness once to cosign the newest head, and returns a [Behind] if
// one saw another history. A witness that does not answer is no error.
func (c *Collector) Compare(ctx context.Context) error {
	answers, head, err := c.round(ctx)
	if err != nil {
		return err
	}
	for _, w := range c.Policy.Witnesses() {
		var r *Refusal
		if errors.As(answers[w.Name], &r) && r.Rewritten() {
			return &Behind{w.Name, head.Tree.N, r.Size}
		}
	}
	return nil
}

// Collect asks every witness once to cosign the newest head, and keeps the head with the
// cosignatures when they satisfy the policy.
func (c *Collector) Collect(ctx context.Context) error {
	_, _, err := c.round(ctx)
	return err
}

// Size returns the size that a witness cosigned last, as far as this collector knows.
func (c *Collector) Size(witness string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[witness]
}

// round returns what each witness answered about the newest head.
func (c *Collector) round(ctx context.Context) (answers map[string]error, head proof.Checkpoint, err error) {
	signed, err := c.Log.Checkpoint(ctx)
	if err != nil {
		return nil, head, err
	}
	if head, err = proof.ReadCheckpoint(signed); err != nil {
		return nil, head, err
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	answers = map[string]error{}
	lines := []byte(nil)
	for _, w := range c.Policy.Witnesses() {
		if w.URL == "" {
			continue
		}
		wg.Go(func() {
			got, err := c.submit(ctx, w, signed, head)
			if errors.Is(err, errGrown) {
				return // the next round asks for the head that another process had cosigned
			}
			c.report(w.Name, err)
			mu.Lock()
			defer mu.Unlock()
			answers[w.Name] = err
			lines = append(lines, got...)
		})
	}
	wg.Wait()
	if head.Tree.N == 0 {
		return answers, head, nil // there is nothing to prove
	}
	cosigned := append(bytes.Clone(signed), lines...)
	s, err := c.Policy.Open(cosigned)
	var short *proof.Short
	if errors.As(err, &short) || len(s.Witnesses) == 0 {
		return answers, head, nil // proofs go on citing an older head, or none that is cosigned
	}
	if err != nil {
		return answers, head, err
	}
	return answers, head, c.Log.Cosigned(ctx, cosigned)
}

// errGrown reports that another process has had a newer head cosigned meanwhile.
var errGrown = errors.New("the ledger has grown")

// grown reports whether the ledger has reached a size meanwhile.
func (c *Collector) grown(ctx context.Context, size int64) bool {
	signed, err := c.Log.Checkpoint(ctx)
	if err != nil {
		return false
	}
	now, err := proof.ReadCheckpoint(signed)
	return err == nil && now.Tree.N >= size
}

// submit returns the signature line of one witness.
func (c *Collector) submit(ctx context.Context, w proof.Witness, signed []byte, head proof.Checkpoint) ([]byte, error) {
	c.mu.Lock()
	old := c.seen[w.Name]
	c.mu.Unlock()
	for range 3 { // a witness that knows another size says so
		if old > head.Tree.N {
			if c.grown(ctx, old) {
				return nil, errGrown
			}
			return nil, &Refusal{w.Name, http.StatusConflict, old}
		}
		lines, err := c.add(ctx, w, old, signed, head)
		var r *Refusal
		if errors.As(err, &r) && r.Status == http.StatusConflict && r.Size >= 0 && r.Size != old {
			old = r.Size
			continue
		}
		if err == nil {
			c.mu.Lock()
			if c.seen == nil {
				c.seen = map[string]int64{}
			}
			c.seen[w.Name] = head.Tree.N
			c.mu.Unlock()
		}
		return lines, err
	}
	return nil, fmt.Errorf("witness %s: it names another size each time", w.Name)
}

// maxAnswer bounds what a witness may say.
const maxAnswer = 64 << 10

// add is the call add-checkpoint.
func (c *Collector) add(ctx context.Context, w proof.Witness, old int64, signed []byte, head proof.Checkpoint) ([]byte, error) {
	hashes, err := c.Log.Consistency(ctx, old, head.Tree.N)
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	fmt.Fprintf(&body, "old %d\n", old)
	for _, h := range hashes {
		fmt.Fprintf(&body, "%s\n", base64.StdEncoding.EncodeToString(h[:]))
	}
	body.WriteByte('\n')
	body.Write(signed)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(w.URL, "/")+"/add-checkpoint", &body)
	if err != nil {
		return nil, fmt.Errorf("witness %s: its address in the policy is malformed", w.Name)
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	res, err := c.Client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("witness %s does not answer: %w", w.Name, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("witness %s does not answer: %w", w.Name, err)
	}
	if res.StatusCode != http.StatusOK {
		r := &Refusal{Witness: w.Name, Status: res.StatusCode, Size: -1}
		if res.StatusCode == http.StatusConflict && res.Header.Get("Content-Type") == "text/x.tlog.size" {
			if n, err := strconv.ParseInt(strings.TrimSuffix(string(answer), "\n"), 10, 64); err == nil && n >= 0 {
				r.Size = n
			}
		}
		return nil, r
	}
	return line(w, signed, answer)
}

// line returns the line of the witness's own key in its answer, verified. Lines of other
// keys are left out.
func line(w proof.Witness, signed, answer []byte) ([]byte, error) {
	text, _, _ := bytes.Cut(signed, []byte("\n\n"))
	n, err := note.Open(append(append(bytes.Clone(text), "\n\n"...), answer...), note.VerifierList(w.Key))
	if err != nil || len(n.Sigs) != 1 {
		return nil, fmt.Errorf("witness %s: its answer holds no valid cosignature by the key that the policy names", w.Name)
	}
	return fmt.Appendf(nil, "— %s %s\n", n.Sigs[0].Name, n.Sigs[0].Base64), nil
}
