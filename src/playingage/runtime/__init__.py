"""Inference on a device that is chosen openly. The one adapter of OpenVINO; faces and models both stand on it.

A `Network` belongs to the thread that calls it; two threads take two networks.
"""

from playingage.runtime.memory import keep_memory
from playingage.runtime.openvino import Device, Network, choose_device, list_devices

__all__ = ["Device", "Network", "choose_device", "keep_memory", "list_devices"]
