package simulator

// ImageView is an image of the account's registry.
type ImageView struct{ MediaType, Manifest string }

// Images lists the images of all repositories in all regions.
func (c *Cloud) Images() ([]ImageView, error) {
	var out []ImageView
	err := c.transact(func() {
		for _, r := range c.store.regions() {
			c.region = r
			for _, im := range c.ecr.images.all() {
				out = append(out, ImageView{im.Media, im.Manifest})
			}
		}
	})
	return out, err
}
