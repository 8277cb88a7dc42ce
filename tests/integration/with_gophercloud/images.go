package main

import (
	"bytes"
	"crypto/md5"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"time"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack/imageservice/v2/imagedata"
	"github.com/gophercloud/gophercloud/openstack/imageservice/v2/images"
	"github.com/gophercloud/gophercloud/openstack/imageservice/v2/members"
	"github.com/gophercloud/gophercloud/pagination"
)

const pageSize = 10

// tryImages does with images all that their owner may: "images FILE DISK-FORMAT".
func tryImages(arguments []string) {
	client := connect(fromEnvironment())
	data, err := ioutil.ReadFile(arguments[0])
	must(err)
	made := tryData(client, data, arguments[1])
	tryChanges(client, made)
	tryLists(client)
	tryErrors(client)
}

// create makes an image without data.
func create(client *gophercloud.ServiceClient, options images.CreateOpts) *images.Image {
	if options.DiskFormat == "" {
		options.DiskFormat = "raw"
	}
	options.ContainerFormat = "bare"
	made, err := images.Create(client, options).Extract()
	must(err)
	check(made.Status == images.ImageStatusQueued, made)
	return made
}

// get fetches what is known of an image.
func get(client *gophercloud.ServiceClient, id string) *images.Image {
	got, err := images.Get(client, id).Extract()
	must(err)
	return got
}

// checkStored sees that an image has data.
func checkStored(client *gophercloud.ServiceClient, id string, data []byte) {
	got := get(client, id)
	md5sum, sha := md5.Sum(data), sha512.Sum512(data)
	check(got.Status == images.ImageStatusActive, got)
	check(got.SizeBytes == int64(len(data)), got)
	check(got.Checksum == hex.EncodeToString(md5sum[:]), got)
	check(got.Properties["os_hash_value"] == hex.EncodeToString(sha[:]), got)
	body, err := imagedata.Download(client, id).Extract()
	must(err)
	defer body.Close()
	back, err := ioutil.ReadAll(body)
	must(err)
	check(bytes.Equal(back, data), len(back))
}

// tryData puts data in from memory, a file and a pipe, and gets it.
func tryData(client *gophercloud.ServiceClient, data []byte, format string) *images.Image {
	var made *images.Image
	file, err := ioutil.TempFile("", "")
	must(err)
	defer os.Remove(file.Name())
	_, err = file.Write(data)
	must(err)
	_, err = file.Seek(0, io.SeekStart)
	must(err)
	reader, writer := io.Pipe()
	go func() {
		_, err := writer.Write(data)
		writer.CloseWithError(err)
	}()
	for _, source := range []io.Reader{bytes.NewReader(data), file, reader} {
		made = create(client, images.CreateOpts{Name: "disk", DiskFormat: format})
		must(imagedata.Upload(client, made.ID, source).ExtractErr())
		checkStored(client, made.ID, data)
	}
	return made
}

// tryChanges changes an image in each way there is.
func tryChanges(client *gophercloud.ServiceClient, made *images.Image) {
	check(made.Visibility == images.ImageVisibilityShared, made)
	changed, err := images.Update(client, made.ID, images.UpdateOpts{
		images.ReplaceImageName{NewName: "debian:12"},
		images.ReplaceImageTags{NewTags: []string{"x", "y"}},
		images.ReplaceImageMinDisk{NewMinDisk: 2},
		images.ReplaceImageMinRam{NewMinRam: 64},
		images.UpdateVisibility{Visibility: images.ImageVisibilityCommunity},
		images.UpdateImageProperty{Op: images.AddOp, Name: "os_distro", Value: "debian"},
		images.UpdateImageProperty{Op: images.AddOp, Name: "hw_disk_bus", Value: "ide"},
	}).Extract()
	must(err)
	check(changed.Name == "debian:12" && len(changed.Tags) == 2, changed)
	check(changed.MinDiskGigabytes == 2 && changed.MinRAMMegabytes == 64, changed)
	check(changed.Visibility == images.ImageVisibilityCommunity, changed)
	changed, err = images.Update(client, made.ID, images.UpdateOpts{
		images.UpdateImageProperty{Op: images.ReplaceOp, Name: "hw_disk_bus", Value: "virtio"},
		images.UpdateImageProperty{Op: images.RemoveOp, Name: "os_distro"},
	}).Extract()
	must(err)
	check(changed.Properties["hw_disk_bus"] == "virtio", changed)
	_, there := changed.Properties["os_distro"]
	check(!there, changed)
	check(changed.UpdatedAt.Sub(time.Now()) < time.Minute, changed)
	must(images.Delete(client, made.ID).ExtractErr())
}

// list gets the names of images, and how many pages they were on.
func list(client *gophercloud.ServiceClient, options images.ListOpts) ([]string, int) {
	names, pages := []string{}, 0
	must(images.List(client, options).EachPage(func(page pagination.Page) (bool, error) {
		listed, err := images.ExtractImages(page)
		for _, image := range listed {
			names = append(names, image.Name)
		}
		pages++
		return true, err
	}))
	return names, pages
}

// tryLists lists page by page, and by what images are.
func tryLists(client *gophercloud.ServiceClient) {
	var some []*images.Image
	for number := 0; number < 2*pageSize+1; number++ {
		some = append(some, create(client, images.CreateOpts{
			Name:    fmt.Sprintf("list %02d", number),
			Tags:    []string{"list", fmt.Sprintf("n%d", number%2)},
			MinDisk: number,
		}))
	}
	sorted := images.ListOpts{Tags: []string{"list"}, Sort: "name:asc", Limit: pageSize}
	names, pages := list(client, sorted)
	check(len(names) == len(some) && pages == 3, names, pages)
	for number, name := range names {
		check(name == some[number].Name, number, names)
	}
	sorted.Sort, sorted.SortKey, sorted.SortDir = "", "name", "desc"
	names, _ = list(client, sorted)
	check(names[0] == "list 20" && len(names) == len(some), names)
	yesterday := time.Now().UTC().Add(-24 * time.Hour)
	since := &images.ImageDateQuery{Date: yesterday, Filter: images.FilterGTE}
	before := &images.ImageDateQuery{Date: yesterday, Filter: images.FilterLT}
	for _, expected := range []struct {
		options images.ListOpts
		many    int
	}{
		{images.ListOpts{Name: "list 07"}, 1},
		{images.ListOpts{Name: "in:list 01,list 02"}, 2},
		{images.ListOpts{ID: some[3].ID}, 1},
		{images.ListOpts{ID: "in:" + some[3].ID + "," + some[4].ID}, 2},
		{images.ListOpts{Tags: []string{"list", "n1"}}, 10},
		{images.ListOpts{Status: images.ImageStatusQueued}, 21},
		{images.ListOpts{Status: images.ImageStatusActive}, 2},
		{images.ListOpts{Status: "in:queued,active", Owner: some[0].Owner}, 23},
		{images.ListOpts{Owner: "nobody"}, 0},
		{images.ListOpts{Visibility: images.ImageVisibilityShared}, 23},
		{images.ListOpts{Visibility: images.ImageVisibilityPublic}, 0},
		{images.ListOpts{DiskFormat: "in:raw,iso"}, 21},
		{images.ListOpts{ContainerFormat: "ovf"}, 0},
		{images.ListOpts{CreatedAtQuery: since}, 23},
		{images.ListOpts{UpdatedAtQuery: before}, 0},
	} {
		names, _ := list(client, expected.options)
		check(len(names) == expected.many, expected, names)
	}
}

// tryErrors does what fails, and sees how.
func tryErrors(client *gophercloud.ServiceClient) {
	gone := "71c675ab-d94f-49cd-a114-e12490b328d9"
	_, err := images.Get(client, gone).Extract()
	_, missing := err.(gophercloud.ErrDefault404)
	check(missing, err)
	_, err = imagedata.Download(client, gone).Extract()
	_, missing = err.(gophercloud.ErrDefault404)
	check(missing, err)
	bad := images.CreateOpts{Name: "bad", DiskFormat: "none such", ContainerFormat: "bare"}
	_, err = images.Create(client, bad).Extract()
	_, wrong := err.(gophercloud.ErrDefault400)
	check(wrong, err)
	protected := true
	made := create(client, images.CreateOpts{Name: "kept", Protected: &protected})
	err = images.Delete(client, made.ID).ExtractErr()
	_, forbidden := err.(gophercloud.ErrDefault403)
	check(forbidden, err)
	public := images.UpdateOpts{images.UpdateVisibility{Visibility: images.ImageVisibilityPublic}}
	_, err = images.Update(client, made.ID, public).Extract()
	_, forbidden = err.(gophercloud.ErrDefault403)
	check(forbidden, err)
	_, err = members.Create(client, made.ID, "beta").Extract()
	must(err)
	_, err = members.Create(client, made.ID, "beta").Extract()
	_, conflict := err.(gophercloud.ErrDefault409)
	check(conflict, err)
}
