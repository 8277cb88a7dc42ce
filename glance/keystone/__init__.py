"""
A client of Keystone, version 3, which knows nothing of images.

L{credentials<glance.keystone.credentials>} and L{words<glance.keystone.words>} are
what is said to it and what it answers, whoever carries that.
L{client<glance.keystone.client>} asks, and L{shared<glance.keystone.shared>} is one
token that all who ask for something share.
"""
