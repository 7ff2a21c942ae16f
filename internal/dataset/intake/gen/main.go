//go:build ignore

// Command gen cuts the table of FHIR R4 types and their members (r4.gz) out of the
// definitions that package deid/fhir compiles from HL7's StructureDefinitions (CC0):
//
//	go run gen/main.go ../../../deid/fhir/r4.gz r4.gz
//
// Its form, by line, fields separated by tabs:
//
//	type   NAME  resource|object|primitive
//	field  NAME  TYPE
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"log"
	"os"
	"strings"
)

func main() {
	in, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		log.Fatal(err)
	}
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		log.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		part := strings.Split(lines.Text(), "\t")
		if part[0] == "type" || part[0] == "field" {
			fmt.Fprintln(w, strings.Join(part[:3], "\t"))
		}
	}
	if lines.Err() != nil || w.Close() != nil {
		log.Fatal("cannot read or write the table")
	}
	if err := os.WriteFile(os.Args[2], out.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}
