// Deidpace measures how fast de-identification is, beside peers, in one process and on
// one file, in CPU time: on a busy machine the clock says little.
//
//	cd tools && go run ./deidpace -fhir ../../shared/data/fhir-r4/sample.ndjson
//
// Every round runs every contestant once, in turn, so that what disturbs the machine
// disturbs all of them; the ratio of a round compares neighbours, and the median of
// the ratios is what is reported. The contestants:
//
//	fastjson    valyala/fastjson, Parser.ParseBytes of every line: the parser alone
//	transform   deid/fhir.Transform to Safe Harbor, one worker
//	whole       deid.Transform: the same, with the hashes of input and output
//	workers     deid/fhir.Transform with two workers: CPU time, and the clock
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"log"
	mrand "math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"chaperone.example/deid"
	"chaperone.example/deid/code"
	"chaperone.example/deid/day"
	"chaperone.example/deid/fhir"
	"chaperone.example/deid/method"
	"chaperone.example/deid/zip3"
	"github.com/valyala/fastjson"
)

var asOf = day.Date{Year: 2026, Month: 7, Day: 1}

func main() {
	log.SetFlags(0)
	file := flag.String("fhir", "", "NDJSON file of FHIR R4 resources")
	times := flag.Int("times", 4, "how often the file is repeated")
	rounds := flag.Int("rounds", 15, "rounds")
	resident := flag.Int("resident", 0, "instead, transform so many MB and report the resident memory")
	flag.Parse()
	dense, err := os.ReadFile(*file)
	if err != nil {
		log.Fatalf("deidpace: %v; name a file with -fhir", err)
	}
	if *resident > 0 {
		memory(dense, *resident<<20)
		return
	}
	race("dense", bytes.Repeat(dense, *times), *rounds)
	race("mixed", mixed(dense, *times), *rounds)
}

// A contestant reads input and fails loudly.
type contestant struct {
	name string
	run  func(in []byte)
}

func contestants() []contestant {
	zip, err := zip3.New(zip3.Census2020)
	must(err)
	profile, err := deid.Standard(deid.SafeHarbor)
	must(err)
	transform := func(workers int) func(in []byte) {
		return func(in []byte) {
			job := fhir.Job{Method: method.SafeHarbor(zip, asOf), Codes: code.NewBook(rand.Reader), Workers: workers}
			_, err := fhir.Transform(context.Background(), job, bytes.NewReader(in), io.Discard)
			must(err)
		}
	}
	return []contestant{
		{"fastjson", func(in []byte) {
			var p fastjson.Parser
			for line := range bytes.Lines(in) {
				_, err := p.ParseBytes(line[:len(line)-1])
				must(err)
			}
		}},
		{"transform", transform(1)},
		{"whole", func(in []byte) {
			job := deid.Job{Format: deid.FHIR, Profile: profile, AsOf: asOf, Codes: code.NewBook(rand.Reader)}
			_, err := deid.Transform(context.Background(), job, bytes.NewReader(in), io.Discard)
			must(err)
		}},
		{"workers", transform(2)},
	}
}

func race(name string, in []byte, rounds int) {
	all := contestants()
	type times struct{ cpu, clock []float64 }
	took := make([]times, len(all))
	for round := range rounds + 1 {
		for i, c := range all {
			runtime.GC()
			start, clock := cpu(), time.Now()
			c.run(in)
			if round > 0 { // the first warms up
				took[i].cpu = append(took[i].cpu, cpu()-start)
				took[i].clock = append(took[i].clock, time.Since(clock).Seconds())
			}
		}
	}
	size := float64(len(in)) / 1e6
	fmt.Printf("%s: %.1f MB, %d rounds, %d processors\n", name, size, rounds, runtime.NumCPU())
	for i, c := range all {
		fmt.Printf("  %-10s %6.0f MB/CPU-s (best %4.0f)", c.name, size/median(took[i].cpu), size/slices.Min(took[i].cpu))
		if i > 0 {
			fmt.Printf("   %3.0f %% of fastjson", 100*median(ratios(took[0].cpu, took[i].cpu)))
		}
		if c.name == "workers" {
			fmt.Printf("   %.2f times as fast as one by the clock (best %.2f)", median(ratios(took[1].clock, took[i].clock)), slices.Min(took[1].clock)/slices.Min(took[i].clock))
		}
		fmt.Println()
	}
}

func ratios(a, b []float64) []float64 {
	r := make([]float64, len(a))
	for i := range a {
		r[i] = a[i] / b[i]
	}
	return r
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// mixed is the dense data between documents whose notes, in base64, are half of all
// bytes.
func mixed(dense []byte, times int) []byte {
	random := mrand.New(mrand.NewPCG(1, 2))
	words := strings.Fields("patient seen in clinic today doing well denies chest pain shortness of breath continue lisinopril follow up three months labs reviewed no acute distress lungs clear heart regular abdomen soft")
	var out bytes.Buffer
	notes, n := 0, 0
	for range times {
		for line := range bytes.Lines(dense) {
			out.Write(line)
			for n++; notes < out.Len()-notes; n++ {
				var note []byte
				for size := 500 + random.IntN(5000); len(note) < size; {
					note = append(append(note, words[random.IntN(len(words))]...), ' ')
				}
				data := base64.StdEncoding.EncodeToString(note)
				fmt.Fprintf(&out, `{"resourceType":"DocumentReference","id":"d%d","status":"current","type":{"coding":[{"system":"http://loinc.org","code":"34117-2","display":"History and physical note"}]},"subject":{"reference":"Patient/p%d"},"date":"2024-03-14T09:30:00Z","content":[{"attachment":{"contentType":"text/plain","data":"%s"}}]}`+"\n", n, n/20, data)
				notes += len(data)
			}
		}
	}
	return out.Bytes()
}

// memory streams so many bytes through a transform and reports the peak of the
// resident memory, without the code table: the same ids come again and again.
func memory(dense []byte, size int) {
	debug.SetMemoryLimit(-1)
	zip, err := zip3.New(zip3.Census2020)
	must(err)
	job := fhir.Job{Method: method.SafeHarbor(zip, asOf), Codes: code.NewBook(rand.Reader)}
	res, err := fhir.Transform(context.Background(), job, io.LimitReader(&again{text: dense}, int64(size/len(dense))*int64(len(dense))), io.Discard)
	must(err)
	var u syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	fmt.Printf("%d MB, %d resources: %.1f MB resident at the most\n", size>>20, res.In, float64(u.Maxrss)/1024)
}

// again reads a text over and over.
type again struct {
	text []byte
	at   int
}

func (a *again) Read(b []byte) (int, error) {
	n := copy(b, a.text[a.at:])
	a.at = (a.at + n) % len(a.text)
	return n, nil
}

func cpu() float64 {
	var u syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

func must(err error) {
	if err != nil {
		log.Fatal("deidpace: ", err)
	}
}
