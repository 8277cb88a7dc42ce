// A program that uses gophercloud: with_gophercloud DEED [ARGUMENT...].
//
// Who logs in is said by the environment, as gophercloud has it.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack"
	"github.com/gophercloud/gophercloud/openstack/identity/v3/projects"
	"github.com/gophercloud/gophercloud/openstack/identity/v3/tokens"
	"github.com/gophercloud/gophercloud/openstack/identity/v3/users"
	"github.com/gophercloud/utils/openstack/clientconfig"
)

var deeds = map[string]func(arguments []string){
	"login":     login,
	"images":    tryImages,
	"reauth":    tryAgain,
	"sharing":   trySharing,
	"terraform": tryTerraform,
}

func main() {
	log.SetFlags(log.Lshortfile)
	deeds[os.Args[1]](os.Args[2:])
}

// check ends the program unless something is so.
func check(is bool, values ...interface{}) {
	if !is {
		log.Output(2, fmt.Sprintf("%+v", values))
		os.Exit(1)
	}
}

// must ends the program if there is an error.
func must(err error) {
	if err != nil {
		log.Output(2, err.Error())
		os.Exit(1)
	}
}

// fromEnvironment gets how to log in.
func fromEnvironment() gophercloud.AuthOptions {
	options, err := openstack.AuthOptionsFromEnv()
	must(err)
	return options
}

// connect logs in, and gets a client of images.
func connect(options gophercloud.AuthOptions) *gophercloud.ServiceClient {
	provider, err := openstack.AuthenticatedClient(options)
	must(err)
	client, err := openstack.NewImageServiceV2(provider, gophercloud.EndpointOpts{
		Region: "RegionOne",
	})
	must(err)
	return client
}

// connectTo does it as clouds.yaml says.
func connectTo(cloud string) *gophercloud.ServiceClient {
	options, err := clientconfig.AuthOptions(&clientconfig.ClientOpts{Cloud: cloud})
	must(err)
	return connect(*options)
}

// identity gets a client of the identity service that somebody has logged in at.
func identity(client *gophercloud.ServiceClient) *gophercloud.ServiceClient {
	found, err := openstack.NewIdentityV3(client.ProviderClient, gophercloud.EndpointOpts{
		Region: "RegionOne",
	})
	must(err)
	return found
}

// login logs in, and prints as whom: by the environment, or the name of a cloud.
func login(arguments []string) {
	var client *gophercloud.ServiceClient
	if len(arguments) > 0 {
		client = connectTo(arguments[0])
	} else {
		client = connect(fromEnvironment())
	}
	got := tokens.Get(identity(client), client.Token())
	user, err := got.ExtractUser()
	must(err)
	project, err := got.ExtractProject()
	must(err)
	roles, err := got.ExtractRoles()
	must(err)
	names := []string{}
	for _, role := range roles {
		names = append(names, role.Name)
	}
	pages, err := users.ListProjects(identity(client), user.ID).AllPages()
	must(err)
	available, err := projects.ExtractProjects(pages)
	must(err)
	check(available[0].ID == project.ID, available)
	must(json.NewEncoder(os.Stdout).Encode(map[string]interface{}{
		"user":    user.Name,
		"project": project.Name,
		"roles":   names,
	}))
}
