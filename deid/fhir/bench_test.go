package fhir

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"
)

// discard counts what is written to it.
type discard struct{ n int64 }

func (d *discard) Write(b []byte) (int, error) {
	d.n += int64(len(b))
	return len(b), nil
}

// Dense data: the published sample of 11 patients, eight times (70 MB).
func BenchmarkDense(b *testing.B) {
	benchmark(b, bytes.Repeat(shared(b, "fhir-r4", "sample.ndjson"), 8))
}

// Mixed data: half of the bytes are base64 notes, as in an export with documents.
func BenchmarkMixed(b *testing.B) { benchmark(b, mixed(b)) }

func benchmark(b *testing.B, in []byte) {
	job := Job{Method: safeHarbor(b), Codes: book(), Workers: 1}
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	start, runs := cpu(b), 0
	for b.Loop() {
		if _, err := Transform(context.Background(), job, bytes.NewReader(in), &discard{}); err != nil {
			b.Fatal(err)
		}
		runs++
	}
	b.ReportMetric(float64(runs*len(in))/1e6/(cpu(b)-start), "MB/cpu-s")
}

// cpu is the processor time of the process in seconds: on a shared machine the clock
// says little.
func cpu(tb testing.TB) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Skip(err)
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

// mixed is a synthetic export of 20 MB.
func mixed(tb testing.TB) []byte {
	tb.Helper()
	var out bytes.Buffer
	note := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("Patient seen in clinic, doing well. ", 60)))
	for i := 0; out.Len() < 20<<20; i++ {
		fmt.Fprintf(&out, `{"resourceType":"DocumentReference","id":"d%d","status":"current","subject":{"reference":"Patient/p%d"},"date":"2024-03-14T09:30:00Z","type":{"coding":[{"system":"http://loinc.org","code":"34117-2","display":"History and physical note"}]},"content":[{"attachment":{"contentType":"text/plain","data":"%s"}}]}`+"\n", i, i/20, note)
		for j := range 6 {
			fmt.Fprintf(&out, `{"resourceType":"Observation","id":"o%d-%d","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory","display":"laboratory"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"2093-3","display":"Total Cholesterol"}],"text":"Total Cholesterol"},"subject":{"reference":"Patient/p%d"},"effectiveDateTime":"2024-03-14T09:30:00Z","valueQuantity":{"value":%d.%d,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}}`+"\n", i, j, i/20, 100+i%150, j)
		}
	}
	if !json.Valid(out.Bytes()[:bytes.IndexByte(out.Bytes(), '\n')]) {
		tb.Fatal("the synthetic export is not JSON")
	}
	return out.Bytes()
}
