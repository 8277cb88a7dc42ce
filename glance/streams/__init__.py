"""
Image data in motion.
"""
