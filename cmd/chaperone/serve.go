package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"chaperone.example/internal/app"
	"chaperone.example/internal/fault"
)

type serve struct {
	Dir    string `required:"" type:"path" placeholder:"FOLDER" help:"The data folder, as \"chaperone init\" made it."`
	Listen string `default:"127.0.0.1:8443" placeholder:"HOST:PORT" help:"Where to listen."`
	Cert   string `type:"existingfile" placeholder:"FILE" help:"TLS certificate (PEM). Without it, a proxy in front must end TLS: say so with --behind-tls."`
	Key    string `type:"existingfile" placeholder:"FILE" help:"Private key of the certificate (PEM)."`
	Behind bool   `name:"behind-tls" help:"A proxy in front of the hub ends TLS."`
	Origin string `help:"The name of the ledger in its checkpoints, if the policy in the data folder should be held against it. It never changes."`
	database
}

func (c serve) Run(ctx context.Context, t terminal) error {
	if (c.Cert == "") != (c.Key == "") {
		return badFile{errors.New("--cert and --key go together")}
	}
	a, err := app.Open(ctx, app.Config{Place: c.place(t, c.Dir), Origin: c.Origin, TLS: c.Cert != "" || c.Behind, LogTo: t.err, Existing: true, Watched: true, Version: build()})
	if fault.Is(err, fault.NotFound) {
		return badFile{err}
	}
	if err != nil {
		return err
	}
	defer a.Close()
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	return hold(ctx, t, a, l, c.Cert, c.Key, func(string) {})
}

// hold serves the hub on l until ctx ends, then lets what is under way finish.
func hold(ctx context.Context, t terminal, a *app.App, l net.Listener, cert, key string, ready func(url string)) error {
	scheme := "http"
	if cert != "" {
		scheme = "https"
	}
	work, stop := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() { a.Run(work) })
	defer done.Wait()
	defer stop()
	srv := a.Server()
	failed := make(chan error, 1)
	go func() {
		if cert != "" {
			failed <- srv.ServeTLS(l, cert, key)
		} else {
			failed <- srv.Serve(l)
		}
	}()
	url := scheme + "://" + l.Addr().String()
	t.say("chaperone: serving %s (stop with Ctrl-C)", url)
	ready(url)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	t.say("chaperone: stopping")
	grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
