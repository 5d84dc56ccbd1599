package cloud_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/renpy-cloud/renpyctl/internal/cloud"
)

// slowLine takes 30 kB a second, up to some bytes, and answers 200.
type slowLine struct{ upTo int64 }

func (s slowLine) Do(r *http.Request) (*http.Response, error) {
	for taken := int64(0); ; {
		n, err := io.CopyN(io.Discard, r.Body, 30_000)
		if taken += n; errors.Is(err, io.EOF) {
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
		}
		wait := time.Second
		if taken >= s.upTo {
			wait = time.Hour
		}
		select {
		case <-r.Context().Done():
			return nil, r.Context().Err()
		case <-time.After(wait):
		}
	}
}

// An upload that takes longer than a call may take goes on as long as something
// of it is sent, and ends when nothing is any more.
func TestSlowUploads(t *testing.T) {
	const size = 15_000_000 // more than 8 minutes
	for _, c := range []struct {
		what string
		upTo int64
		took time.Duration
		want error
	}{
		{"a slow line", size + 1_000_000, 8*time.Minute + 20*time.Second, nil},
		{"a line that breaks", 6_000_000, 3*time.Minute + 19*time.Second + 2*time.Minute, context.DeadlineExceeded},
	} {
		t.Run(c.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := cloud.Local("https://s3.example", cloud.Options{})
				cfg.HTTPClient = slowLine{c.upTo}
				var sent atomic.Int64
				start := time.Now()
				_, err := cloud.S3(cfg).PutObject(cloud.WithSent(t.Context(), sent.Store), &s3.PutObjectInput{
					Bucket: aws.String("b"), Key: aws.String("k"), Body: bytes.NewReader(make([]byte, size)),
				})
				if !errors.Is(err, c.want) || err != nil && cloud.KindOf(err) != cloud.Unreachable {
					t.Errorf("%v, want %v", err, c.want)
				}
				if took := time.Since(start).Round(time.Second); took < c.took-time.Second || took > c.took+time.Second {
					t.Errorf("took %s, want %s", took, c.took)
				}
				if got := sent.Load(); got < min(size, c.upTo) || got > min(size, c.upTo)+100_000 {
					t.Errorf("told of %d bytes", got)
				}
			})
		})
	}
}

// What the system takes counts as sent, so it must not take a whole upload: a
// slow line would need longer for that than an answer may.
func TestWhatIsSentIsOnItsWay(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		if conn, err := l.Accept(); err == nil {
			_ = conn.(*net.TCPConn).SetReadBuffer(64 << 10)
			_, _ = conn.Read(make([]byte, 64<<10)) // and no more
			accepted <- conn
		}
	}()
	ctx, cancel := context.WithCancel(t.Context())
	var sent atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = cloud.S3(cloud.Local("http://"+l.Addr().String(), cloud.Options{})).PutObject(cloud.WithSent(ctx, sent.Store), &s3.PutObjectInput{
			Bucket: aws.String("b"), Key: aws.String("k"), Body: bytes.NewReader(make([]byte, 16<<20)),
		})
	}()
	conn := <-accepted
	time.Sleep(300 * time.Millisecond) // for whatever the system takes
	got := sent.Load()
	cancel()
	conn.Close()
	<-ended
	if got == 0 || got > 2<<20 {
		t.Errorf("%d bytes count as sent, of which none was read", got)
	}
}
