// Command logclient reads a transparency log with a client that knows nothing of this
// project (filippo.io/torchwood): every entry, and the proofs of random ones.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	url := flag.String("url", "", "where the log is served, ending in a slash")
	vkey := flag.String("key", "", "its public key")
	proofs := flag.Int("proofs", 1000, "how many random entries to prove")
	flag.Parse()
	if err := run(context.Background(), *url, *vkey, *proofs); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, url, vkey string, proofs int) error {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	res, err := http.Get(strings.TrimSuffix(url, "/") + "/checkpoint")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	signed, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return err
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return err
	}
	c, err := torchwood.ParseCheckpoint(n.Text)
	if err != nil {
		return err
	}
	fetcher, err := torchwood.NewTileFetcher(strings.TrimSuffix(url, "/"))
	if err != nil {
		return err
	}
	client, err := torchwood.NewClient(fetcher)
	if err != nil {
		return err
	}
	count := int64(0)
	for i, entry := range client.AllEntries(ctx, c.Tree, 0) {
		if i != count || len(entry) == 0 {
			return fmt.Errorf("entry %d in the place of %d", i, count)
		}
		count++
	}
	if err := client.Err(); err != nil {
		return err
	}
	if count != c.N {
		return fmt.Errorf("%d entries of %d", count, c.N)
	}
	for range proofs {
		i := rand.Int64N(c.N)
		entry, p, err := client.Entry(ctx, c.Tree, i)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(p, c.N, c.Hash, i, tlog.RecordHash(entry)); err != nil {
			return err
		}
	}
	_, err = fmt.Printf("%s: %d entries, %d random proofs, root %v\n", c.Origin, count, proofs, c.Hash)
	return err
}
