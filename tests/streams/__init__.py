"""
Tests of image data in motion.
"""
