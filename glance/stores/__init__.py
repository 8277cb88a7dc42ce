"""
Where image data rests.
"""
