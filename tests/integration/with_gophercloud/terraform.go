package main

import (
	"crypto/md5"
	"encoding/hex"
	"io/ioutil"
	"os"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack/imageservice/v2/imagedata"
	"github.com/gophercloud/gophercloud/openstack/imageservice/v2/imageimport"
	"github.com/gophercloud/gophercloud/openstack/imageservice/v2/images"
	"github.com/gophercloud/utils/terraform/auth"
)

// tryTerraform asks for what Terraform's provider asks for to plan, apply, change
// and destroy an openstack_images_image_v2: "terraform CLOUD FILE DISK-FORMAT".  The
// way in is the provider's own.
func tryTerraform(arguments []string) {
	config := auth.Config{
		Cloud:            arguments[0],
		AllowReauth:      true,
		DelayedAuth:      true,
		MaxRetries:       2,
		TerraformVersion: "1.9.0",
		SDKVersion:       "2.34.0",
	}
	must(config.LoadAndValidate())
	client, err := config.ImageV2Client("")
	must(err)
	data, err := ioutil.ReadFile(arguments[1])
	must(err)

	given := map[string]string{"os_distro": "debian", "hw_disk_bus": "ide", "stage": "1"}
	protected, visibility := false, images.ImageVisibilityPrivate
	made := create(client, images.CreateOpts{
		Name:       "debian-12",
		DiskFormat: arguments[2],
		MinDisk:    1,
		MinRAM:     64,
		Protected:  &protected,
		Visibility: &visibility,
		Properties: given,
		Tags:       []string{"lts"},
	})
	file, err := os.Open(arguments[1])
	must(err)
	must(imagedata.Upload(client, made.ID, file).ExtractErr())
	for number := 0; get(client, made.ID).Status != images.ImageStatusActive; number++ {
		check(number < 100, "not active")
		time.Sleep(100 * time.Millisecond)
	}
	read := get(client, made.ID)
	sum := md5.Sum(data)
	check(read.Checksum == hex.EncodeToString(sum[:]), read)
	check(read.File == "/v2/images/"+made.ID+"/file", read)
	check(read.Schema == "/v2/schemas/image" && read.Owner != "", read)
	check(read.MinDiskGigabytes == 1 && read.MinRAMMegabytes == 64, read)
	checkProperties(read, given)

	// With one change of all.
	changed, err := images.Update(client, made.ID, images.UpdateOpts{
		images.UpdateVisibility{Visibility: images.ImageVisibilityShared},
		images.ReplaceImageName{NewName: "debian-12-lts"},
		images.ReplaceImageTags{NewTags: []string{}},
		images.UpdateImageProperty{Op: images.AddOp, Name: "os_version", Value: "12"},
		images.UpdateImageProperty{Op: images.ReplaceOp, Name: "hw_disk_bus", Value: "virtio"},
		images.UpdateImageProperty{Op: images.RemoveOp, Name: "stage"},
	}).Extract()
	must(err)
	check(changed.Name == "debian-12-lts" && len(changed.Tags) == 0, changed)
	now := map[string]string{"os_distro": "debian", "os_version": "12", "hw_disk_bus": "virtio"}
	checkProperties(get(client, made.ID), now)

	// The data source finds it.
	names, _ := list(client, images.ListOpts{
		Name:         "debian-12-lts",
		MemberStatus: images.ImageMemberStatusAccepted,
		Status:       images.ImageStatusActive,
		Sort:         "name:asc",
	})
	check(len(names) == 1, names)
	tryImport(client)
	must(images.Delete(client, made.ID).ExtractErr())
	_, err = images.Get(client, made.ID).Extract()
	_, missing := err.(gophercloud.ErrDefault404)
	check(missing, err)
}

// checkProperties sees that an image has those given, and none that Terraform would
// take for a change: it overlooks others only if they begin with os_.
func checkProperties(image *images.Image, given map[string]string) {
	for name, value := range given {
		check(image.Properties[name] == value, name, image.Properties)
	}
	for name, value := range image.Properties {
		_, text := value.(string)
		_, ours := given[name]
		check(ours || !text || strings.HasPrefix(name, "os_"), name, image.Properties)
	}
}

// tryImport has the service fetch data, which it can't yet: that is said, and nothing
// waits for it.
func tryImport(client *gophercloud.ServiceClient) {
	info, err := imageimport.Get(client).Extract()
	must(err)
	check(len(info.ImportMethods.Value) == 0, info)
	made := create(client, images.CreateOpts{Name: "imported"})
	err = imageimport.Create(client, made.ID, imageimport.CreateOpts{
		Name: imageimport.WebDownloadMethod,
		URI:  "http://127.0.0.1:9/disk",
	}).ExtractErr()
	check(err != nil)
	must(images.Delete(client, made.ID).ExtractErr())
}
