variable "image_id" {
  description = "ID of the machine image that instances are started from; the pipeline gives that of the unit `image`."
  type        = string
}
