package ledgertest

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"chaperone.example/ledger"
	"chaperone.example/ledger/anchor"
	"chaperone.example/ledger/pack"
	"chaperone.example/ledger/postgres"
	"chaperone.example/ledger/proof"
	"chaperone.example/ledger/recovery"
	"chaperone.example/ledger/tail"
)

var (
	kills  = flag.Int("kills", 4, "how many times each store is killed under load")
	faults = flag.Int("faults", 3, "how many system calls fail, one at a time, of each kind")
	soak   = flag.Duration("soak", 4*time.Second, "how long three processes append to one PostgreSQL")
	everyN = flag.Int("cut", 16, "cut the write-ahead log at every so many times 512 bytes")
)

// complete raises what the flags leave at their defaults to what LED-1 is accepted by:
// 50 kills of each store, 10 faults of each kind, every 512 bytes.
func complete() {
	if os.Getenv("CHAPERONE_COMPLETE") != "1" {
		return
	}
	*kills, *faults, *everyN = max(*kills, 50), max(*faults, 10), 1
}

// missing skips a test for want of a tool, or fails where nothing may be skipped.
func missing(t *testing.T, why string, a ...any) {
	t.Helper()
	if os.Getenv("CHAPERONE_REQUIRE_ALL") == "1" {
		t.Fatalf(why, a...)
	}
	t.Skipf("skipped: "+why, a...)
}

// The test program is also the program that is killed.
func TestMain(m *testing.M) {
	flag.Parse()
	complete()
	if address := os.Getenv("LEDGERTEST_APPEND"); address != "" {
		var appenders int
		if _, err := fmt.Sscan(os.Getenv("LEDGERTEST_APPENDERS"), &appenders); err != nil {
			panic(err)
		}
		if err := appendForEver(address, os.Getenv("LEDGERTEST_NAME"), appenders); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// appendForEver lets many append to a ledger and prints each acknowledgement: the
// position, the stream and its version.
func appendForEver(address, name string, appenders int) error {
	ctx := context.Background()
	t := &program{}
	var db *sql.DB
	if strings.HasPrefix(address, "postgres://") {
		db = openPostgres(t, address)
	} else {
		db = OpenDB(t, address)
	}
	c, _ := Counting(t, db)
	if !strings.HasPrefix(address, "postgres://") {
		a, err := anchor.Open(address + ".anchor")
		if err != nil {
			return err
		}
		c.Anchor = a
	}
	log, err := ledger.Open(ctx, c)
	if err != nil {
		return err
	}
	d := &ledger.Desk{Log: log, Gate: Gate{}}
	var out sync.Mutex
	var wg sync.WaitGroup
	for i := range appenders {
		wg.Go(func() {
			id := fmt.Sprintf("%s-%d", name, i)
			if i%8 == 0 {
				id = "shared" // some contend for one stream, with the other processes too
			}
			// A count that was begun before the last kill is not begun again: then the
			// command fails, and adding works.
			if _, err := ledger.Do(ctx, d, Alice, Counts, id, Begin{"south"}); err != nil {
				if _, _, ok := conflict(err); !ok {
					out.Lock()
					fmt.Println("failed to begin", err)
					out.Unlock()
				}
			}
			for {
				r, err := ledger.Do(ctx, d, Alice, Counts, id, Add{By: 1, Note: "note", Who: "s-" + id})
				if _, _, ok := conflict(err); ok {
					continue
				}
				out.Lock()
				if err != nil {
					fmt.Println("failed", err)
					out.Unlock()
					return
				}
				fmt.Println(r.First, "count/"+id, r.Version)
				out.Unlock()
			}
		})
	}
	wg.Wait()
	return nil
}

// A program stands in for the test in a process of its own.
type program struct{ testing.TB }

func (*program) Helper()                  {}
func (*program) Cleanup(func())           {}
func (*program) Context() context.Context { return context.Background() }
func (*program) Fatal(a ...any)           { panic(fmt.Sprint(a...)) }

// An appender is a process that appends until it is killed.
type appender struct {
	cmd   *exec.Cmd
	acked chan string
	err   *strings.Builder
}

func start(t *testing.T, address, name string, appenders int) *appender {
	t.Helper()
	a := &appender{cmd: exec.Command(os.Args[0]), acked: make(chan string, 1<<20), err: &strings.Builder{}}
	a.run(t, address, name, appenders)
	return a
}

func (a *appender) run(t *testing.T, address, name string, appenders int) {
	t.Helper()
	a.cmd.Env = append(os.Environ(), "LEDGERTEST_APPEND="+address, "LEDGERTEST_NAME="+name, fmt.Sprint("LEDGERTEST_APPENDERS=", appenders))
	a.cmd.Stderr = a.err
	out, err := a.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.cmd.Process.Kill() })
	go func() {
		defer close(a.acked)
		in := bufio.NewReader(out)
		for {
			line, err := in.ReadString('\n')
			if err != nil { // a line that was cut off was not acknowledged
				return
			}
			a.acked <- strings.TrimSpace(line)
		}
	}()
}

// kill ends the process at once and returns what it acknowledged.
func (a *appender) kill(t *testing.T) []string {
	t.Helper()
	a.cmd.Process.Kill()
	var lines []string
	for line := range a.acked {
		lines = append(lines, line)
	}
	a.cmd.Wait()
	if a.err.Len() > 0 {
		t.Errorf("the program said: %s", a.err)
	}
	return lines
}

// stored returns what the ledger holds, as acknowledgements say it.
func stored(t *testing.T, db ledger.Reader) map[string]bool {
	t.Helper()
	rs, err := db.QueryContext(t.Context(), `select seq, stream, version from record`)
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Close()
	out := map[string]bool{}
	for rs.Next() {
		var seq, version int64
		var stream string
		if err := rs.Scan(&seq, &stream, &version); err != nil {
			t.Fatal(err)
		}
		out[fmt.Sprintln(seq, stream, version)] = true
	}
	return out
}

func lost(t *testing.T, db ledger.Reader, acked []string) (missing int) {
	t.Helper()
	have := stored(t, db)
	for _, line := range acked {
		if strings.HasPrefix(line, "failed") {
			t.Error(line)
		} else if !have[line+"\n"] {
			missing++
		}
	}
	return missing
}

// Bar 3: killed at any moment under the load of 64 appenders, nothing that was
// acknowledged is lost, and the ledger opens and verifies.
func TestKilledUnderLoad(t *testing.T) {
	Each(t, func(t *testing.T, s Store) {
		address := s.Fresh(t)
		var acked []string
		for n := range *kills {
			a := start(t, address, "p", 64)
			first := <-a.acked // it has begun
			time.Sleep(time.Duration(rand.Int64N(int64(300 * time.Millisecond))))
			acked = append(append(acked, first), a.kill(t)...)
			db := s.Open(t, address)
			rep := inspect(t, db)
			if missing := lost(t, db, acked); missing > 0 {
				t.Fatalf("kill %d: %d of %d acknowledged records are lost", n, missing, len(acked))
			}
			if n == *kills-1 {
				t.Logf("%d kills, %d acknowledged, %d stored, 0 lost", *kills, len(acked), rep.Tree.N)
				c, _ := Counting(t, db)
				CheckRebuild(t, Desk(t, c).Log)
			}
			db.Close()
		}
	})
}

// Bar 4: three processes append to one PostgreSQL, one is killed, and a reader sees each
// record once and in order.
func TestThreeProcessesOneDatabase(t *testing.T) {
	s := Stores()[1]
	address := s.Fresh(t)
	db := s.Open(t, address)
	c, _ := Counting(t, db)
	d := Desk(t, c)
	l, err := postgres.Listen(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var processes []*appender
	for i := range 3 {
		processes = append(processes, start(t, address, fmt.Sprint("p", i), 171))
	}
	ctx, stop := context.WithCancel(t.Context())
	read := make(chan int64, 1)
	go func() {
		var next int64
		defer func() { read <- next }()
		for r, err := range tail.Follow(ctx, d.Log, 0, l.Wait) {
			if err != nil && ctx.Err() == nil {
				t.Error(err)
			}
			if err != nil {
				return
			}
			if r.Seq != next {
				t.Errorf("the reader saw record %d after %d", r.Seq, next-1)
				return
			}
			next++
		}
	}()
	for _, p := range processes {
		<-p.acked
	}
	time.Sleep(*soak / 2)
	acked := processes[0].kill(t)
	time.Sleep(*soak / 2)
	for _, p := range processes[1:] {
		acked = append(acked, p.kill(t)...)
	}
	rep := inspect(t, db)
	if missing := lost(t, db, acked); missing > 0 {
		t.Errorf("%d of %d acknowledged records are lost", missing, len(acked))
	}
	for range 100 { // the reader catches up
		time.Sleep(50 * time.Millisecond)
		if len(read) > 0 {
			break
		}
	}
	stop()
	if n := <-read; n != rep.Tree.N {
		t.Errorf("the reader saw %d of %d records", n, rep.Tree.N)
	}
	CheckRebuild(t, d.Log)
	t.Logf("%d acknowledged, %d stored, 0 lost; the reader saw each once and in order", len(acked), rep.Tree.N)
}

// Bar 3: a write-ahead log that is cut off anywhere opens to a prefix of the history
// that verifies; the anchor says what is missing, and nothing is written until it is
// recovered. Then it is what it was, and goes on.
func TestWriteAheadLogCut(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ledger.db")
	a, err := anchor.Open(filepath.Join(dir, "anchor"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	c, vkey := Counting(t, OpenDB(t, path))
	c.Anchor = a
	d := Desk(t, c)
	policy, err := proof.ParsePolicy(proof.FormatPolicy(vkey))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.DB.Exec(`pragma wal_checkpoint(truncate)`); err != nil { // the tables are not what is cut
		t.Fatal(err)
	}
	for i := range 60 {
		id := fmt.Sprint(i % 5)
		if i < 5 {
			Do(t, d, id, Begin{"south"})
		} else {
			Do(t, d, id, Add{By: 1, Note: "note", Who: "s-1"})
		}
	}
	signed, err := d.Log.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var kept bytes.Buffer
	if err := pack.Write(t.Context(), &kept, c.DB, signed, pack.Whole, false); err != nil {
		t.Fatal(err)
	}
	whole := inspect(t, c.DB).Tree
	main, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wal, err := os.ReadFile(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if len(wal) < 100_000 {
		t.Fatalf("the write-ahead log has %d bytes: nothing to cut", len(wal))
	}
	prefixes, recovered := map[int64]bool{}, 0
	cut := filepath.Join(dir, "cut.db")
	for n := 0; n <= len(wal); n += 512 * *everyN {
		for name, data := range map[string][]byte{cut: main, cut + "-wal": wal[:n]} {
			if err := os.WriteFile(name, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		os.Remove(cut + "-shm")
		db := OpenDB(t, cut)
		rep := inspect(t, db)
		fresh := !prefixes[rep.Tree.N]
		prefixes[rep.Tree.N] = true
		now := c
		now.DB = db
		log, err := ledger.Open(t.Context(), now)
		behind, ok := err.(*ledger.Behind)
		switch {
		case rep.Tree.N == 60 && err == nil:
			log.Close()
		case rep.Tree.N == 60 || !ok || behind.Have != rep.Tree.N || behind.Anchor != 60 || behind.Fork:
			t.Errorf("cut at %d of %d, %d records: %v", n, len(wal), rep.Tree.N, err)
		case fresh && rep.Tree.N%7 == 0 || fresh && *everyN == 1:
			recovered++
			if r, err := recovery.Replay(t.Context(), db, bytes.NewReader(kept.Bytes()), policy, a, nil); err != nil || r.Has != whole {
				t.Errorf("cut at %d of %d, %d records: recovered to %v: %v", n, len(wal), rep.Tree.N, r.Has, err)
			}
			if inspect(t, db).Tree != whole {
				t.Errorf("cut at %d of %d: what was recovered is not what it was", n, len(wal))
			}
			now.Anchor = nil // the next one to be cut is recovered to the same size
			again := Desk(t, now)
			if err := again.Log.Rebuild(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			if r := Do(t, again, "1", Add{By: 1}); r.First != 60 {
				t.Errorf("it goes on at %d", r.First)
			}
			again.Log.Close()
		}
		db.Close()
	}
	if len(prefixes) < 3 {
		t.Errorf("the cuts gave only %d prefixes", len(prefixes))
	}
	t.Logf("cut at %d places to %d prefixes, %d of them recovered", 1+len(wal)/(512**everyN), len(prefixes), recovered)
}

// Bar 3: when the operating system reports that writing failed, nothing that was
// acknowledged before or after is lost, and the ledger opens and verifies.
func TestSystemCallsFail(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		missing(t, "strace makes system calls fail, and is not installed")
	}
	if out, err := exec.Command(strace, "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		missing(t, "strace may not trace here: %s", out)
	}
	runs, effective, total := 0, 0, 0
	for _, call := range []string{"fsync", "pwrite64"} {
		for _, errno := range []string{"EIO", "ENOSPC"} {
			ever := 0
			for n := range *faults {
				hit := 0
				address := filepath.Join(t.TempDir(), "ledger.db")
				db := OpenDB(t, address)
				c, _ := Counting(t, db)
				Desk(t, c).Log.Close() // the tables are there
				inject := fmt.Sprintf("inject=%s:error=%s:when=%d+", call, errno, 1+map[string]int{"fsync": 3, "pwrite64": 60}[call]*n*n)
				a := &appender{cmd: exec.Command(strace, "-f", "-qq", "-o", os.DevNull, "-e", "trace="+call, "-e", inject, os.Args[0]), acked: make(chan string, 1<<20), err: &strings.Builder{}}
				a.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
				a.run(t, address, "p", 16)
				time.Sleep(700 * time.Millisecond)
				syscall.Kill(-a.cmd.Process.Pid, syscall.SIGKILL) // it and what it traces
				var acked []string
				for line := range a.acked {
					if strings.HasPrefix(line, "failed") {
						hit++
					} else {
						acked = append(acked, line)
					}
				}
				a.cmd.Wait()
				hit += strings.Count(a.err.String(), "ledger: ") // it may fail to open
				rep := inspect(t, db)
				if missing := lost(t, db, acked); missing > 0 {
					t.Errorf("%s: %d of %d acknowledged records are lost", inject, missing, len(acked))
				}
				Desk(t, c).Log.Close()
				t.Logf("%s: %d failures, %d acknowledged, %d stored", inject, hit, len(acked), rep.Tree.N)
				db.Close()
				runs, ever, total = runs+1, ever+hit, total+len(acked)
				if hit > 0 {
					effective++
				}
			}
			if ever == 0 {
				t.Errorf("no append ever failed: no %s was injected into %s", errno, call)
			}
		}
	}
	t.Logf("%d runs, %d with a failure, %d acknowledged, 0 lost", runs, effective, total)
}

// Bar 3: on a full disk appends fail, nothing that was acknowledged is lost, and the
// ledger goes on when there is room.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", dir).CombinedOutput(); err != nil {
		missing(t, "a small file system cannot be mounted here, it takes root: %s", out)
	}
	t.Cleanup(func() { exec.Command("umount", "-l", dir).Run() })
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 512<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	db := OpenDB(t, filepath.Join(dir, "ledger.db"))
	c, _ := Counting(t, db)
	c.Sealer = plain{}
	d := Desk(t, c)
	Do(t, d, "1", Begin{"south"})
	acked, failed := int64(1), 0
	for range 200 {
		_, err := ledger.Do(t.Context(), d, Alice, Counts, "1", Add{By: 1, Note: strings.Repeat("x", 32<<10), Who: "s"})
		if err == nil {
			acked++
		} else if failed++; failed == 5 {
			break
		}
	}
	if failed == 0 {
		t.Fatal("the disk never was full")
	}
	if rep := inspect(t, db); rep.Tree.N < acked {
		t.Errorf("%d acknowledged, %d stored", acked, rep.Tree.N)
	}
	d.Log.Close()
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	d = Desk(t, c)
	Do(t, d, "1", Add{By: 1})
	inspect(t, db)
	CheckRebuild(t, d.Log)
}
