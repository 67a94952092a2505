package dropfolder

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"sync"

	"github.com/klauspost/readahead"

	"github.com/mlpsync/mlpsync/adapters"
	"github.com/mlpsync/mlpsync/internal/seal"
)

// copying is a sealed copy while it is written. As far as it stands there it can be read, and who reads waits for the rest. So
// a check of it begins before its end, sees what will be kept and nothing else, and reads no share a second time.
type copying struct {
	to   io.Writer
	mu   sync.Mutex
	more sync.Cond
	// head is what was written first. The salt in it is of this copy alone: what opens behind it was sealed here.
	head []byte
	size int64
	end  error // why nothing more comes: io.EOF of a whole one
}

func newCopying(to io.Writer) *copying {
	c := &copying{to: to}
	c.more.L = &c.mu
	return c
}

func (c *copying) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.size == 0 {
		c.head = bytes.Clone(p[:n])
	}
	c.size += int64(n)
	c.more.Broadcast()
	return n, err
}

// finish says that nothing more comes; what was said first holds.
func (c *copying) finish(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end == nil {
		c.end = why
	}
	c.more.Broadcast()
}

// beyond waits until there is more than at bytes, and says how much, and what the head has from there.
func (c *copying) beyond(at int64) (more int64, head []byte, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.size == at && c.end == nil {
		c.more.Wait()
	}
	if c.size == at {
		return 0, nil, c.end
	}
	return c.size - at, c.head[min(at, int64(len(c.head))):], nil
}

// following reads a copy that is being written.
type following struct {
	fs.File
	copied *copying
	at     int64
}

func (f *following) Read(p []byte) (int, error) {
	more, head, err := f.copied.beyond(f.at)
	if err != nil {
		return 0, err
	}
	n, err := f.File.Read(p[:min(int64(len(p)), more)])
	if same := min(n, len(head)); !bytes.Equal(p[:same], head[:same]) {
		return 0, seal.ErrTampered
	}
	f.at += int64(n)
	return n, err
}

func (f *Folder) copyOpener(path string, copied *copying) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		file, err := f.opt.Files.Open(path)
		if err != nil {
			return nil, plain(err)
		}
		r, err := f.unseal(&following{File: file, copied: copied})
		if err != nil {
			return nil, err
		}
		return readahead.NewReadCloserSize(r, aheadPieces, aheadSize)
	}
}

// looking is a check that runs beside the copying.
type looking struct {
	copied *copying
	cancel context.CancelFunc
	over   chan struct{}
	err    error
	defect any // what it panicked with: who waits for it does too
}

// checkBeside begins with the check of a copy; it has to be waited for or stopped. It is nil when nothing is checked.
func (f *Folder) checkBeside(ctx context.Context, c candidate, path string, copied *copying) *looking {
	if f.opt.Check == nil {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	l := &looking{copied: copied, cancel: cancel, over: make(chan struct{})}
	in := adapters.Input{Name: adapters.SafeName(c.name), Size: c.info.Size(), Open: f.copyOpener(path, copied)}
	go func() {
		defer close(l.over)
		defer func() { l.defect = recover() }()
		l.err = f.opt.Check(ctx, c.feed, in)
	}()
	return l
}

func (l *looking) wait() error {
	<-l.over
	if l.defect != nil {
		panic(l.defect)
	}
	return l.err
}

// stop ends a check that nobody needs, whatever it waits for: behind it nothing reads the copy.
func (l *looking) stop() {
	if l == nil {
		return
	}
	l.copied.finish(context.Canceled)
	l.cancel()
	<-l.over
}
