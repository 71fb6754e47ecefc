// go-fuse's own mirror of a directory, with names and attributes trusted for a second.
// Usage: go_loopback DIRECTORY MOUNTPOINT
package main

import (
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: go_loopback DIRECTORY MOUNTPOINT")
	}
	root, err := fs.NewLoopbackRoot(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	second := time.Second
	server, err := fs.Mount(os.Args[2], root, &fs.Options{
		EntryTimeout:    &second,
		AttrTimeout:     &second,
		NullPermissions: true,
		MountOptions:    fuse.MountOptions{DirectMount: true, MaxWrite: 1 << 20},
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
