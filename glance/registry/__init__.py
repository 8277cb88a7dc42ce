"""
What is known of images, and who may ask.
"""
