"""Files: announced here, uploaded straight to S3 by a signed form, and believed only once their bytes were read.

A file is its owner's until it is granted to somebody through an order; what is in a gig's gallery is everybody's.
"""
