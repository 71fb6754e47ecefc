// The same file system in memory on go-fuse, as its users would write it.
// Usage: go_memory MOUNTPOINT
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// The tree of names is kept by go-fuse itself.
type directory struct {
	fs.Inode
}

type file struct {
	fs.Inode
	mutex sync.RWMutex
	data  []byte
}

var (
	_ fs.NodeMkdirer   = (*directory)(nil)
	_ fs.NodeCreater   = (*directory)(nil)
	_ fs.NodeUnlinker  = (*directory)(nil)
	_ fs.NodeGetattrer = (*file)(nil)
	_ fs.NodeSetattrer = (*file)(nil)
	_ fs.NodeOpener    = (*file)(nil)
	_ fs.NodeReader    = (*file)(nil)
	_ fs.NodeWriter    = (*file)(nil)
)

func (d *directory) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	out.Mode = mode
	return d.NewPersistentInode(ctx, &directory{}, fs.StableAttr{Mode: fuse.S_IFDIR}), 0
}

func (d *directory) Create(ctx context.Context, name string, flags uint32, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	out.Mode = mode
	return d.NewPersistentInode(ctx, &file{}, fs.StableAttr{Mode: fuse.S_IFREG}), nil, 0, 0
}

func (d *directory) Unlink(ctx context.Context, name string) syscall.Errno {
	return 0
}

func (f *file) Getattr(ctx context.Context, handle fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	f.mutex.RLock()
	defer f.mutex.RUnlock()
	out.Mode = 0o644
	out.Size = uint64(len(f.data))
	return 0
}

func (f *file) Setattr(ctx context.Context, handle fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	f.mutex.Lock()
	if size, ok := in.GetSize(); ok {
		f.resize(int64(size))
	}
	f.mutex.Unlock()
	return f.Getattr(ctx, handle, out)
}

func (f *file) Open(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, 0, 0
}

func (f *file) Read(ctx context.Context, handle fs.FileHandle, buffer []byte, offset int64) (fuse.ReadResult, syscall.Errno) {
	f.mutex.RLock()
	defer f.mutex.RUnlock()
	if offset >= int64(len(f.data)) {
		return fuse.ReadResultData(nil), 0
	}
	return fuse.ReadResultData(buffer[:copy(buffer, f.data[offset:])]), 0
}

func (f *file) Write(ctx context.Context, handle fs.FileHandle, data []byte, offset int64) (uint32, syscall.Errno) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if end := offset + int64(len(data)); end > int64(len(f.data)) {
		f.resize(end)
	}
	return uint32(copy(f.data[offset:], data)), 0
}

func (f *file) resize(size int64) {
	if size > int64(cap(f.data)) {
		data := make([]byte, size, 2*size)
		copy(data, f.data)
		f.data = data
	}
	f.data = f.data[:size]
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go_memory MOUNTPOINT")
	}
	// No caching of names and attributes, as with all others in the comparison.
	none := time.Duration(0)
	server, err := fs.Mount(os.Args[1], &directory{}, &fs.Options{
		EntryTimeout: &none,
		AttrTimeout:  &none,
		MountOptions: fuse.MountOptions{DirectMount: true, MaxWrite: 1 << 20},
	})
	if err != nil {
		log.Fatal(err)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	go func() {
		<-signals
		if err := server.Unmount(); err != nil {
			log.Fatal(err)
		}
	}()
	server.Wait()
}
