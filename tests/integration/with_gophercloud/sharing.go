package main

import (
	"bytes"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack/identity/v3/tokens"
	"github.com/gophercloud/gophercloud/openstack/imageservice/v2/imagedata"
	"github.com/gophercloud/gophercloud/openstack/imageservice/v2/images"
	"github.com/gophercloud/gophercloud/openstack/imageservice/v2/members"
)

// trySharing shares an image with another project, which takes it: "sharing OWNER
// OTHER", both clouds of clouds.yaml.
func trySharing(arguments []string) {
	owner, other := connectTo(arguments[0]), connectTo(arguments[1])
	project, err := tokens.Get(identity(other), other.Token()).ExtractProject()
	must(err)
	data := []byte("shared data")
	made := create(owner, images.CreateOpts{Name: "shared"})
	must(imagedata.Upload(owner, made.ID, bytes.NewReader(data)).ExtractErr())
	checkHidden(other, made.ID)

	added, err := members.Create(owner, made.ID, project.ID).Extract()
	must(err)
	check(added.MemberID == project.ID && added.Status == "pending", added)
	checkListed(other, images.ImageMemberStatusPending, 1)
	checkListed(other, images.ImageMemberStatusAccepted, 0)

	accepted := members.UpdateOpts{Status: "accepted"}
	err = members.Update(owner, made.ID, project.ID, accepted).Err
	_, forbidden := err.(gophercloud.ErrDefault403)
	check(forbidden, err)
	told, err := members.Update(other, made.ID, project.ID, accepted).Extract()
	must(err)
	check(told.Status == "accepted" && !told.CreatedAt.IsZero(), told)
	checkListed(other, images.ImageMemberStatusAccepted, 1)
	checkStored(other, made.ID, data)
	err = images.Delete(other, made.ID).ExtractErr()
	_, forbidden = err.(gophercloud.ErrDefault403)
	check(forbidden, err)

	rejected := members.UpdateOpts{Status: "rejected"}
	must(members.Update(other, made.ID, project.ID, rejected).Err)
	checkListed(other, images.ImageMemberStatusAccepted, 0)
	pages, err := members.List(owner, made.ID).AllPages()
	must(err)
	listed, err := members.ExtractMembers(pages)
	must(err)
	check(len(listed) == 1 && listed[0].Status == "rejected", listed)
	must(members.Delete(owner, made.ID, project.ID).ExtractErr())
	checkHidden(other, made.ID)
	must(images.Delete(owner, made.ID).ExtractErr())
}

// checkHidden sees that an image isn't there for somebody.
func checkHidden(client *gophercloud.ServiceClient, id string) {
	_, err := images.Get(client, id).Extract()
	_, missing := err.(gophercloud.ErrDefault404)
	check(missing, err)
	checkListed(client, images.ImageMemberStatusAll, 0)
}

// checkListed sees how many images somebody is lent.
func checkListed(client *gophercloud.ServiceClient, status images.ImageMemberStatus, many int) {
	names, _ := list(client, images.ListOpts{
		Visibility:   images.ImageVisibilityShared,
		MemberStatus: status,
	})
	check(len(names) == many, status, names)
}
