package main

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack/identity/v3/tokens"
	"github.com/gophercloud/gophercloud/openstack/imageservice/v2/imagedata"
	"github.com/gophercloud/gophercloud/openstack/imageservice/v2/images"
)

// seen is when each process knows that a token is revoked.
const seen = 1500 * time.Millisecond

// quiet is after how long without a read nobody is taken to read on.
const quiet = 3 * time.Second

// lengthless is data whose length isn't known, and that can be sent again: once what
// was sending it has stopped, for which gophercloud doesn't wait.
type lengthless struct {
	io.ReadSeeker
	read int64
}

// Read notes when it was.
func (data *lengthless) Read(into []byte) (int, error) {
	atomic.StoreInt64(&data.read, time.Now().UnixNano())
	return data.ReadSeeker.Read(into)
}

// Seek waits for the end of reading.
func (data *lengthless) Seek(offset int64, whence int) (int64, error) {
	for time.Now().UnixNano()-atomic.LoadInt64(&data.read) < int64(quiet) {
		time.Sleep(quiet / 30)
	}
	return data.ReadSeeker.Seek(offset, whence)
}

// tryAgain finds its token revoked, and logs in again by itself, if it may.
func tryAgain([]string) {
	options := fromEnvironment()
	once := connect(options)
	options.AllowReauth = true
	client := connect(options)
	logins := int32(0)
	again := client.ReauthFunc
	client.ReauthFunc = func() error {
		atomic.AddInt32(&logins, 1)
		return again()
	}
	made := create(client, images.CreateOpts{Name: "again"})

	revoke(once)
	_, err := images.Get(once, made.ID).Extract()
	_, refused := err.(gophercloud.ErrDefault401)
	check(refused, err)

	// All who find it so at once share one login.
	old := client.Token()
	revoke(client)
	var asking sync.WaitGroup
	for number := 0; number < 8; number++ {
		asking.Add(1)
		go func() {
			defer asking.Done()
			get(client, made.ID)
		}()
	}
	asking.Wait()
	check(client.Token() != old && logins == 1, logins)
	good, err := tokens.Validate(identity(client), old)
	must(err)
	check(!good, "the revoked token")
	must(images.Delete(client, made.ID).ExtractErr())

	// Data is refused, also before all of it is sent, and sent again.
	little := bytes.Repeat([]byte("0123456789abcdef"), 1<<8)
	much := bytes.Repeat(little, 1<<13)
	for number, data := range [][]byte{little, little, much} {
		var source io.Reader = bytes.NewReader(data)
		if number > 0 {
			source = &lengthless{ReadSeeker: bytes.NewReader(data)}
		}
		made := create(client, images.CreateOpts{Name: "again"})
		revoke(client)
		must(imagedata.Upload(client, made.ID, source).ExtractErr())
		check(logins == int32(number+2), logins)
		checkStored(client, made.ID, data)
		must(images.Delete(client, made.ID).ExtractErr())
	}
}

// revoke ends the token of a client.
func revoke(client *gophercloud.ServiceClient) {
	must(tokens.Revoke(identity(client), client.Token()).Err)
	time.Sleep(seen)
}
