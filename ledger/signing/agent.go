// Package signing signs the checkpoints of a ledger with a key that the ledger never
// holds: an Ed25519 key in an ssh-agent, which may keep it in memory, in a smart card or
// in a hardware security module (ssh-add -s loads PKCS #11).
package signing

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/mod/sumdb/note"
)

// patience is how long an agent may take to sign: a person may have to touch a key.
const patience = 30 * time.Second

// An Agent signs with a key of an ssh-agent. It implements [note.Signer], and is safe
// for use by many at once: each signature has a connection of its own, so that an agent
// that was started again is found again.
type Agent struct {
	socket string
	key    ssh.PublicKey
	raw    ed25519.PublicKey
	name   string
	vkey   string
	hash   uint32
}

// ParsePublic reads an OpenSSH public key, one line as ssh-keygen writes it to a .pub
// file. It must be Ed25519: that is what checkpoints are signed with.
func ParsePublic(line []byte) (ssh.PublicKey, error) {
	key, _, options, rest, err := ssh.ParseAuthorizedKey(line)
	switch {
	case err != nil:
		return nil, errors.New("not an OpenSSH public key: want one line, as ssh-keygen writes it to a .pub file")
	case len(options) > 0 || len(bytes.TrimSpace(rest)) > 0:
		return nil, errors.New("more than one public key, and nothing else")
	case key.Type() != ssh.KeyAlgoED25519:
		return nil, fmt.Errorf("a key of the type %s: checkpoints are signed with %s (ssh-keygen -t ed25519)", key.Type(), ssh.KeyAlgoED25519)
	}
	return key, nil
}

// NewAgent returns a signer of the log of that name. The agent at socket (what
// SSH_AUTH_SOCK says) must hold the key, and is asked for a signature at once, so that
// what cannot sign is found out at the start.
func NewAgent(name, socket string, key ssh.PublicKey) (*Agent, error) {
	c, ok := key.(ssh.CryptoPublicKey)
	if !ok {
		return nil, errors.New("the public key is of no known kind")
	}
	raw, ok := c.CryptoPublicKey().(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("a key of the type %s: checkpoints are signed with %s", key.Type(), ssh.KeyAlgoED25519)
	}
	a := &Agent{socket: socket, key: key, raw: raw, name: name}
	var err error
	if a.vkey, err = note.NewEd25519VerifierKey(name, raw); err != nil {
		return nil, fmt.Errorf("the name of the log, %q, cannot be that of a key: %w", name, err)
	}
	v, err := note.NewVerifier(a.vkey)
	if err != nil {
		return nil, err
	}
	a.hash = v.KeyHash()
	if _, err := a.Sign(challenge(name)); err != nil {
		return nil, err
	}
	return a, nil
}

// challenge is what is signed to try a key: no checkpoint, whatever is made of it.
func challenge(name string) []byte {
	text := "chaperone: a trial of the key of a log, and no checkpoint\n" + name
	return binary.BigEndian.AppendUint64([]byte(text), uint64(len(text)))
}

// Name implements [note.Signer].
func (a *Agent) Name() string { return a.name }

// KeyHash implements [note.Signer].
func (a *Agent) KeyHash() uint32 { return a.hash }

// VerifierKey returns the public key as policies write it.
func (a *Agent) VerifierKey() string { return a.vkey }

// Sign implements [note.Signer]. What the agent answers is verified: a checkpoint with
// a wrong signature must not get out.
func (a *Agent) Sign(msg []byte) ([]byte, error) {
	if a.socket == "" {
		return nil, errors.New("no ssh-agent is named: start one, and set SSH_AUTH_SOCK")
	}
	conn, err := net.DialTimeout("unix", a.socket, patience)
	if err != nil {
		return nil, errors.New("the ssh-agent does not answer: is it running, and does SSH_AUTH_SOCK name its socket?")
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	sig, err := agent.NewClient(conn).Sign(a.key, msg)
	if err != nil {
		return nil, fmt.Errorf("the ssh-agent does not sign with the key %s: load it with ssh-add: %w", ssh.FingerprintSHA256(a.key), err)
	}
	if !strings.EqualFold(sig.Format, ssh.KeyAlgoED25519) || !ed25519.Verify(a.raw, msg, sig.Blob) {
		return nil, errors.New("the ssh-agent answered with a signature that is not good")
	}
	return sig.Blob, nil
}
