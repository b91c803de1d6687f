import Resources

/// Device types of an organization (DEV-6, as far as the registry needs them).
package struct DeviceTypeService: StoredResourceService {
    package typealias Item = DeviceType

    package init() {}
}
