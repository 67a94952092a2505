package dropfolder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/klauspost/readahead"

	"github.com/mlpsync/mlpsync/adapters"
)

// Content is read, opened and hashed in pieces of aheadSize, one or two ahead of who works on it: that takes as long as looking through it.
const (
	aheadSize   = 64 << 10
	aheadPieces = 2
)

// secured is content that lies sealed in the state directory: a new copy that has no claim
// yet, or the one that is kept for an earlier claim of the same content.
type secured struct {
	hash string
	path string
	kept bool
	look *looking // of a new copy; nil where nothing is checked
}

// secure sees to it that the content of a file is kept, and says what its hash is. A file of the
// size of one that is kept is hashed first: if it is the same, its copy is there
// already, and hashing is all that it costs. Of another size it can't be the same, and is
// copied and hashed in one go.
func (f *Folder) secure(ctx context.Context, c candidate) (secured, error) {
	if f.sizeKept(c.info.Size()) {
		sum, err := f.hashInPlace(ctx, c)
		if err != nil {
			return secured{}, err
		}
		if f.keeps(sum, c.info.Size()) {
			return secured{hash: sum, path: contentPath(f.opt.State, sum), kept: true}, nil
		}
	}
	temp := filepath.Join(contentDir(f.opt.State), "claim"+incoming)
	return f.copyIn(ctx, c, temp)
}

// drop removes a copy that became no claim.
func (f *Folder) drop(s secured) {
	s.look.stop()
	if s.path != "" && !s.kept {
		_ = f.opt.Files.Remove(s.path)
	}
}

// sizeKept: a file of this size was claimed, so that its content may be kept.
func (f *Folder) sizeKept(size int64) bool {
	for _, c := range f.store.claims {
		if c.Size == size {
			return true
		}
	}
	return false
}

// keeps says whether the content of a claim is kept and, as far as its length and its first bytes tell,
// whole and of a key that is at hand. Damage further on is found where it is read, and doubted
// from then on. Where it says no, a file of that content is copied anew, which mends the archive.
func (f *Folder) keeps(hash string, size int64) bool {
	claimed := false
	for _, c := range f.store.claims {
		claimed = claimed || c.Hash == hash && c.Size == size
	}
	if !claimed || f.doubted[hash] {
		return false
	}
	path := contentPath(f.opt.State, hash)
	info, err := f.opt.Files.Lstat(path)
	if err != nil || info.Size() <= size { // sealed content is longer
		return false
	}
	r, err := f.openSealed(path)
	if err != nil {
		return false
	}
	defer func() { _ = r.Close() }()
	_, err = r.Read(make([]byte, 1))
	return err == nil || size == 0 && errors.Is(err, io.EOF)
}

func (f *Folder) hashInPlace(ctx context.Context, c candidate) (string, error) {
	in, err := f.openSame(c)
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, &boundedReader{ctx: ctx, r: in, left: f.opt.MaxBytes}); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// opened is a reader and what it reads from.
type opened struct {
	io.Reader
	io.Closer
}

func (f *Folder) openSealed(path string) (opened, error) {
	file, err := f.opt.Files.Open(path)
	if err != nil {
		return opened{}, plain(err)
	}
	return f.unseal(file)
}

// unseal closes what it can't read.
func (f *Folder) unseal(sealed io.ReadCloser) (opened, error) {
	r, err := f.opt.Keys.OpenStream(sealed, f.contentAAD())
	if err != nil {
		_ = sealed.Close()
		return opened{}, err
	}
	return opened{r, sealed}, nil
}

// contentOpener opens sealed content; at its end the hash has to be the claim's. Content that can't be
// read is a *adapters.KeptError, and doubted until it was copied anew.
func (f *Folder) contentOpener(path, want string) func() (io.ReadCloser, error) {
	doubt := func(err error) error {
		f.doubted[want] = true
		return &adapters.KeptError{Err: err}
	}
	return func() (io.ReadCloser, error) {
		sealed, err := f.openSealed(path)
		if err != nil {
			return nil, doubt(err)
		}
		r, err := hashed(sealed, want)
		return &doubtful{r, doubt}, err
	}
}

// placeOpener reads in the drop folder; a file that changed since it was hashed
// fails at its end.
func (f *Folder) placeOpener(path, want string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		file, _, err := f.openRegular(path)
		if err != nil {
			return nil, plain(err)
		}
		return hashed(file, want)
	}
}

// openRegular opens a file of the drop folder. What lies there was looked at before, and others may have put something else in its place: reading
// a pipe could last for ever.
func (f *Folder) openRegular(path string) (fs.File, fs.FileInfo, error) {
	file, err := f.opt.Files.Open(path)
	if errors.Is(err, syscall.EAGAIN) { // a file server holds it for a client, who is asked to let go
		return nil, nil, errChanging
	}
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		_ = file.Close()
		return nil, nil, errors.Join(errChanging, err)
	}
	return file, info, nil
}

// hashed reads ahead, on a goroutine that Close waits for; at the end the hash has to be the one that is wanted.
func hashed(from io.ReadCloser, want string) (io.ReadCloser, error) {
	return readahead.NewReadCloserSize(&hashedReader{ReadCloser: from, sum: sha256.New(), want: want}, aheadPieces, aheadSize)
}

type hashedReader struct {
	io.ReadCloser
	sum  hash.Hash
	want string
}

func (h *hashedReader) Read(p []byte) (int, error) {
	n, err := h.ReadCloser.Read(p)
	_, _ = h.sum.Write(p[:n])
	if errors.Is(err, io.EOF) && hex.EncodeToString(h.sum.Sum(nil)) != h.want {
		err = errChanging
	}
	return n, err
}

// doubtful tells of what can't be read, or is not what it was, on the goroutine of who reads.
type doubtful struct {
	io.ReadCloser
	failed func(error) error
}

func (d *doubtful) Read(p []byte) (int, error) {
	n, err := d.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = d.failed(err)
	}
	return n, err
}
